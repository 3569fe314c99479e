// SPDX-License-Identifier: MIT

//go:build !libzmq || !cgo

package peer

import "context"

// libzmqPeer, libzmqC and mixed stand for what needs libzmq where it is not built in.
type (
	libzmqPeer struct{}
	libzmqC    struct{}
	mixed      struct{ toLibzmq bool }
)

const noLibzmq = "not built in: install libzmq3-dev, a C compiler and pkg-config, then use `make bench`"

func (libzmqPeer) Info() Info { return Info{Name: Libzmq, Missing: noLibzmq} }
func (libzmqC) Info() Info    { return Info{Name: LibzmqC, Missing: noLibzmq, ByName: true} }
func (m mixed) Info() Info    { return Info{Name: m.name(), Missing: noLibzmq, ByName: true} }

func (libzmqPeer) Open(context.Context, Work) (*Rig, error) { return nil, Cannot(noLibzmq) }
func (libzmqC) Open(context.Context, Work) (*Rig, error)    { return nil, Cannot(noLibzmq) }
func (mixed) Open(context.Context, Work) (*Rig, error)      { return nil, Cannot(noLibzmq) }
