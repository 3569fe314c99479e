// SPDX-License-Identifier: MIT

//go:build !libzmq || !cgo

package peer

import "context"

// libzmqPeer stands for libzmq where it is not built in.
type libzmqPeer struct{}

const noLibzmq = "not built in: install libzmq3-dev, a C compiler and pkg-config, then use `make bench`"

func (libzmqPeer) Info() Info { return Info{Name: "libzmq", Missing: noLibzmq} }

func (libzmqPeer) Open(context.Context, Work) (*Rig, error) { return nil, Cannot(noLibzmq) }
