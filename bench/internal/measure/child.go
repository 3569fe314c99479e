// SPDX-License-Identifier: MIT

package measure

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/seedmq/mq/bench/internal/peer"
)

// childFlag is the first argument of a process that makes one measurement.
const childFlag = "-child"

// order is the second.
type order struct {
	Row, Peer string
	N         int
	Options   options
}

// report is what the process prints.
type report struct {
	Result result
	Cannot string // the reason of a peer.Cannot
	Failed string // the text of any other error
}

// Child makes the measurement that another process has asked this one for, and
// reports whether it was asked. It is called before anything else.
func Child() bool {
	if len(os.Args) != 3 || os.Args[1] != childFlag {
		return false
	}
	var o order
	var rep report
	if err := json.Unmarshal([]byte(os.Args[2]), &o); err != nil {
		rep.Failed = err.Error()
	} else {
		rep = o.carryOut()
	}
	if err := json.NewEncoder(os.Stdout).Encode(rep); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return true
}

func (o order) carryOut() (rep report) {
	for _, row := range Rows(o.Options.Scale) {
		if row.Name != o.Row {
			continue
		}
		for _, c := range peer.All() {
			if c.Info().Name != o.Peer {
				continue
			}
			row.prepare()
			res, err := measure(context.Background(), row, c, o.Options, o.N)
			rep.Result = res
			if cannot, ok := errors.AsType[peer.Cannot](err); ok {
				rep.Cannot = string(cannot)
			} else if err != nil {
				rep.Failed = err.Error()
			}
			return rep
		}
	}
	rep.Failed = fmt.Sprintf("no row %q, or no contender %q", o.Row, o.Peer)
	return rep
}

// apart makes a measurement in a process of its own, and ends the process if that
// takes far longer than it may.
func apart(ctx context.Context, row Row, c peer.Contender, o options, n int) (result, error) {
	return under(ctx, nil, order{Row: row.Name, Peer: c.Info().Name, N: n, Options: o})
}

// under is apart for a process that another program starts, with what it is told.
func under(ctx context.Context, program []string, what order) (result, error) {
	o := what.Options
	self, err := os.Executable()
	if err != nil {
		return result{}, err
	}
	text, err := json.Marshal(what)
	if err != nil {
		return result{}, err
	}
	limit := 3*o.Limit + o.Scale.Idle
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var stdout, stderr bytes.Buffer
	words := append(slices.Clone(program), self, childFlag, string(text))
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	var rep report
	switch {
	case ctx.Err() != nil:
		return result{}, peer.Cannot(fmt.Sprintf("was still not done after %v", limit))
	case err != nil:
		line, _, _ := strings.Cut(strings.TrimSpace(stderr.String()), "\n")
		return result{}, fmt.Errorf("%w: %s", err, line)
	}
	if err := json.Unmarshal(stdout.Bytes(), &rep); err != nil {
		return result{}, err
	}
	switch {
	case rep.Cannot != "":
		return rep.Result, peer.Cannot(rep.Cannot)
	case rep.Failed != "":
		return rep.Result, errors.New(rep.Failed)
	}
	return rep.Result, nil
}
