// SPDX-License-Identifier: MIT

package pyzmq

import (
	"strconv"
	"time"
)

// bulk is the longest that sending or receiving numbers may take.
const bulk = 2 * time.Minute

// Numbers is what a socket received of the messages that [Socket.SendNumbers]
// sends.
type Numbers struct {
	Count    int           // messages
	Distinct int           // different numbers among them
	First    int           // -1 if there is none
	Last     int           // -1 if there is none
	Ordered  bool          // each is greater than the one before
	Complete bool          // each that was asked for is there
	Bytes    int           // of the parts that hold the numbers
	Elapsed  time.Duration // from the first message to the last
}

// Number is the content of message i: the number in decimal, filled up with spaces
// to size bytes.
func Number(i, size int) []byte {
	b := strconv.AppendInt(make([]byte, 0, max(size, 20)), int64(i), 10)
	for len(b) < size {
		b = append(b, ' ')
	}
	return b
}

// SendNumbers sends n messages, Number(0, size) to Number(n-1, size), each behind
// the parts of the prefix. It fails with ErrTimeout if one of them finds no room
// for so long.
func (s *Socket) SendNumbers(n, size int, timeout time.Duration, prefix ...[]byte) error {
	args := arguments{"prefix": prefix, "n": n, "size": size, "timeout": timeout.Seconds()}
	return s.call("send_numbers", args, bulk, nil)
}

// RecvNumbers receives until n messages have come, or none comes for the timeout,
// which is no error. The number is in the last part.
func (s *Socket) RecvNumbers(n int, timeout time.Duration) (Numbers, error) {
	var answer struct {
		Numbers
		Seconds float64
	}
	err := s.call("recv_numbers", arguments{"n": n, "timeout": timeout.Seconds()}, bulk, &answer)
	answer.Elapsed = time.Duration(answer.Seconds * float64(time.Second))
	return answer.Numbers, err
}
