// SPDX-License-Identifier: MIT

package zmtp

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// The commands of the pipeline that does not lose; PIPELINE.md in the folder above tells what they mean. Numbers are
// unsigned, of 8 bytes, and in network byte order.
const (
	Resume = "MQ-RESUME"
	Start  = "MQ-START"
	Ack    = "MQ-ACK"
	Again  = "MQ-AGAIN"
	Stop   = "MQ-STOP"
)

// PipelineProperty is what PUSH and PULL tell each other in READY if they speak this.
const PipelineProperty = "X-MQ-Pipeline"

const pipelineVersion = 1

// AppendPipeline is the value of that property from the side that accepts: the version.
func AppendPipeline(b []byte) []byte { return append(b, pipelineVersion) }

// AppendLane is the value from the side that connects, which also says in which lane, and for the how manyth time.
func AppendLane(b []byte, lane [laneSize]byte, attempt uint64) []byte {
	return appendNumbers(append(AppendPipeline(b), lane[:]...), attempt)
}

// laneSize is how many bytes the id of a lane, or of a stream, has.
const laneSize = 16

// Pipeline is what the peer says in that property. ok is false if it says nothing, or nothing that makes sense: then it is
// a peer that does not speak this. lane is empty, and attempt 0, if the peer has accepted.
func (p *Peer) Pipeline() (lane []byte, attempt uint64, ok bool) {
	for _, property := range p.Properties {
		v := property.Value
		if strings.EqualFold(property.Name, PipelineProperty) && len(v) > 0 && v[0] >= 1 {
			switch len(v) {
			case 1:
				return nil, 0, true
			case 1 + laneSize + 8:
				return v[1 : 1+laneSize], number(v[1+laneSize:], 0), true
			}
		}
	}
	return nil, 0, false
}

// AppendResume appends what PULL says first: how far it is in which stream, and up to which number it takes messages
// beyond delivered.
func AppendResume(b []byte, stream [laneSize]byte, delivered, done, credit uint64) []byte {
	data := append(make([]byte, 0, laneSize+24), stream[:]...)
	data = appendNumbers(data, delivered, done, credit)
	return AppendCommand(b, Resume, data)
}

// ParseResume takes the data of that apart.
func ParseResume(data []byte) (stream [laneSize]byte, delivered, done, credit uint64, err error) {
	if len(data) != laneSize+24 {
		return stream, 0, 0, 0, wrongSize(Resume, data)
	}
	n := data[copy(stream[:], data):]
	return stream, number(n, 0), number(n, 1), number(n, 2), nil
}

// AppendStart appends the answer: in which stream the first message follows, and its number.
func AppendStart(b []byte, stream [laneSize]byte, from uint64) []byte {
	data := append(make([]byte, 0, laneSize+8), stream[:]...)
	return AppendCommand(b, Start, appendNumbers(data, from))
}

// ParseStart takes the data of that apart.
func ParseStart(data []byte) (stream [laneSize]byte, from uint64, err error) {
	if len(data) != laneSize+8 {
		return stream, 0, wrongSize(Start, data)
	}
	return stream, number(data[copy(stream[:], data):], 0), nil
}

// AppendAck appends how far PULL is done, and up to which number it takes messages.
func AppendAck(b []byte, done, limit uint64) []byte {
	return AppendCommand(b, Ack, appendNumbers(make([]byte, 0, 17), done, limit))
}

// AppendLastAck appends that PULL takes nothing more, and how far it came.
func AppendLastAck(b []byte, done, delivered uint64) []byte {
	return AppendCommand(b, Ack, append(appendNumbers(make([]byte, 0, 17), done, delivered), 1))
}

// ParseAck takes the data of both apart. upTo is the limit, or in the last one how much was delivered.
func ParseAck(data []byte) (done, upTo uint64, last bool, err error) {
	if len(data) != 16 && (len(data) != 17 || data[16] != 1) {
		return 0, 0, false, wrongSize(Ack, data)
	}
	return number(data, 0), number(data, 1), len(data) == 17, nil
}

// AppendAgain appends that somebody may have received the next message before.
func AppendAgain(b []byte) []byte { return AppendCommand(b, Again, "") }

// AppendStop appends that PUSH ends, and wants the last Ack.
func AppendStop(b []byte) []byte { return AppendCommand(b, Stop, "") }

func appendNumbers(b []byte, numbers ...uint64) []byte {
	for _, n := range numbers {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	return b
}

func number(b []byte, i int) uint64 { return binary.BigEndian.Uint64(b[8*i:]) }

func wrongSize(name string, data []byte) error {
	return fmt.Errorf("%w: %s with %d bytes", ErrProtocol, name, len(data))
}
