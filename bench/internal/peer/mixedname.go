// SPDX-License-Identifier: MIT

package peer

func (m mixed) name() string {
	if m.toLibzmq {
		return MQToLibzmq
	}
	return LibzmqToMQ
}
