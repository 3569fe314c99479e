// SPDX-License-Identifier: MIT

package zmtp

import "fmt"

// Mechanism is a security mechanism in one handshake: it is made anew for each connection. It says who speaks when, and
// hands over the metadata of both sides. The handshake does all else, and sees ERROR commands before the mechanism does.
type Mechanism interface {
	// Name is what the greeting says: 1 to 20 of A-Z, 0-9, '-' and '_'.
	Name() string
	// Start is called once, when both greetings are through. It returns the command that this side sends unasked; one
	// without a name stands for none. server tells the side that accepted the connection, metadata is this side's.
	Start(server bool, metadata []byte) (Command, error)
	// Handle takes a command of the peer, which it may keep, and returns the answer, or none. It is not called again after
	// done. An error ends the connection; if it is a Refusal, the peer is told.
	Handle(c Command) (reply Command, done bool, err error)
	// Metadata is the peer's, and Cipher is for the traffic that follows, nil if that is in clear; good once Handle is done.
	Metadata() []byte
	Cipher() Cipher
}

// Refusal is an error of which the peer is told in an ERROR: it will be refused again unless it is configured anew. Other
// errors just close the connection, after which peers try again.
type Refusal struct {
	Reason string // for the peer; printable
	Err    error  // for this side
}

// Error returns the text of Err.
func (r *Refusal) Error() string { return r.Err.Error() }

// Unwrap returns Err.
func (r *Refusal) Unwrap() error { return r.Err }

// null is the mechanism of no security: the side that connected says READY, and the other answers (37, The NULL Security
// Mechanism). libzmq speaks at once on both sides; but it closes without a word when it has read that the types do not fit,
// and who has waited for its READY knows why.
type null struct {
	answers  bool // this side accepted the connection
	own      []byte
	metadata []byte
}

var _ Mechanism = (*null)(nil)

func (*null) Name() string { return "NULL" }

func (m *null) Start(server bool, metadata []byte) (Command, error) {
	if m.answers = server; server {
		m.own = metadata
		return Command{}, nil
	}
	return Command{Ready, metadata}, nil
}

func (m *null) Handle(c Command) (reply Command, done bool, err error) {
	if c.Name != Ready {
		return Command{}, false, fmt.Errorf("%w: %q where READY is due", ErrProtocol, c.Name)
	}
	m.metadata = c.Data
	if m.answers {
		reply = Command{Ready, m.own}
	}
	return reply, true, nil
}

func (m *null) Metadata() []byte { return m.metadata }

func (*null) Cipher() Cipher { return nil }
