// SPDX-License-Identifier: MIT

package peer

import (
	"encoding/binary"
	"net"
)

// fewBuffered is the size of the buffer that reads from one of many, in bytes.
const fewBuffered = 4 << 10

// eachAlone makes a sender for each connection, which keeps nothing back.
func (r *netRig) eachAlone(conns []net.Conn) {
	var message []byte
	for _, c := range conns {
		r.Send = append(r.Send, func(p []byte) error {
			message = binary.BigEndian.AppendUint32(message[:0], uint32(len(p)))
			message = append(message, p...)
			_, err := c.Write(message)
			return err
		})
	}
}

// fanIn makes one receiver for all connections.
func (r *netRig) fanIn(conns []net.Conn) {
	messages := make(chan []byte, Capacity)
	for _, c := range conns {
		read := reads(c, fewBuffered)
		r.readers.Go(func() {
			for {
				p, err := read()
				if err != nil {
					return // after Stop; or else who waits learns of it by the time that it takes
				}
				select {
				case messages <- p:
				case <-r.stopped:
					return
				}
			}
		})
	}
	r.Recv = append(r.Recv, func() ([]byte, error) {
		select {
		case p := <-messages:
			return p, nil
		case <-r.stopped:
			return nil, errStopped
		}
	})
}
