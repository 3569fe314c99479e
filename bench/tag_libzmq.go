// SPDX-License-Identifier: MIT

//go:build libzmq

package main

// libzmqTag says that the build tag was given.
const libzmqTag = true
