// SPDX-License-Identifier: MIT

package peer

import "context"

// selected is a channel as a program uses it that has to stop on a signal.
func selected(ctx context.Context, capacity int) *conduit {
	c := make(chan []byte, capacity)
	return &conduit{
		send: func(p []byte) error {
			select {
			case c <- p:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		},
		recv: func() ([]byte, error) {
			select {
			case p := <-c:
				return p, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		},
	}
}
