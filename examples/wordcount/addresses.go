// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

// addresses are where sockets bind. Those that connect do not look here, but ask
// the bound one for its Addr: with port 0, only it knows.
type addresses struct {
	control  string // PAIR of the ventilator
	lines    string // PUSH of the ventilator
	reading  string // PUB of the ventilator
	counts   string // PULL of the sink
	results  string // REP of the sink
	counting string // PUB of the sink
}

// remote reports whether peers may be in other processes.
func (a addresses) remote() bool { return !strings.HasPrefix(a.lines, "inproc://") }

// derive makes the addresses from one: six ports beginning with that of
// tcp://host:port, six free ones if it is 0 or *, and with any other scheme six names
// that begin as base does; of ipc://*, six that Bind makes up. Whether there is such a
// scheme, Bind will tell.
func derive(base string) (a addresses, err error) {
	scheme, rest, ok := strings.Cut(base, "://")
	if !ok || scheme == "" || rest == "" {
		return a, fmt.Errorf("-addr %q: want scheme://..., such as inproc://wordcount or tcp://127.0.0.1:5555", base)
	}
	address := func(_ int, name string) string { return base + "." + name }
	if rest == "*" {
		address = func(int, string) string { return base }
	}
	if scheme == "tcp" {
		if address, err = ports(rest); err != nil {
			return a, fmt.Errorf("-addr %q: %w", base, err)
		}
	}
	for i, to := range []struct {
		field *string
		name  string
	}{
		{&a.control, "control"},
		{&a.lines, "lines"},
		{&a.reading, "reading"},
		{&a.counts, "counts"},
		{&a.results, "results"},
		{&a.counting, "counting"},
	} {
		*to.field = address(i, to.name)
	}
	return a, nil
}

// deriveForWorker is derive for who connects. It also takes the two addresses that a
// worker needs, which is how those can be told that derive does not know.
func deriveForWorker(base string) (a addresses, err error) {
	lines, counts, ok := strings.Cut(base, ",")
	if !ok {
		return derive(base)
	}
	return addresses{lines: lines, counts: counts}, nil
}

const highestPort = 65535

// ports returns what makes the i-th address of tcp.
func ports(hostPort string) (func(i int, name string) string, error) {
	host, port, err := net.SplitHostPort(hostPort)
	if err != nil {
		return nil, fmt.Errorf("want tcp://host:port: %w", err)
	}
	if port == "*" {
		port = "0"
	}
	first, err := strconv.Atoi(port)
	if err != nil || first < 0 || first+5 > highestPort {
		return nil, fmt.Errorf("port %q: want 1 to %d, as six are used, or 0 for any that are free", port, highestPort-5)
	}
	return func(i int, _ string) string {
		if first == 0 {
			i = 0
		}
		return "tcp://" + net.JoinHostPort(host, strconv.Itoa(first+i))
	}, nil
}
