// SPDX-License-Identifier: MIT

package measure

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/seedmq/mq/bench/internal/peer"
)

// callRows count system calls of the one-way rows over tcp.
func callRows(s Scale) []Row {
	var rows []Row
	for _, size := range []int{wireSmall, large} {
		row := Row{
			Table: WireCalls, Name: fmt.Sprint("syscalls/tcp/", size), Peers: wireLonePeers,
			Fixed: s.Traced, Most: 3, do: callsOf(fmt.Sprint("one-way/tcp/", size)),
		}
		for _, kind := range []string{"that write", "that read", "all"} {
			row.Lines = append(row.Lines, Line{
				Name: fmt.Sprintf("tcp, %s, %s", sizeNames[size], kind), Unit: "calls per 1,000 messages", Bare: true,
			})
		}
		rows = append(rows, row)
	}
	return rows
}

var (
	writing = []string{"write", "writev", "pwrite64", "sendto", "sendmsg", "sendmmsg"}
	reading = []string{"read", "readv", "pread64", "recvfrom", "recvmsg", "recvmmsg"}
)

// callsOf counts the system calls of n messages in a row: those of a process that
// passes 2n, less those of one that passes n, because each has a beginning and an end.
func callsOf(row string) func(peer.Contender, options, int) (result, error) {
	return func(c peer.Contender, o options, n int) (result, error) {
		strace, err := exec.LookPath("strace")
		if err != nil {
			return result{}, peer.Cannot("strace, which counts the calls, is not installed")
		}
		what := order{Row: row, Peer: c.Info().Name, Options: o}
		var counted [2]map[string]int
		for i := range counted {
			what.N = (i + 1) * n
			if counted[i], err = traced(strace, what); err != nil {
				return result{}, err
			}
		}
		res := result{N: n}
		for _, names := range [][]string{writing, reading, nil} {
			more := sum(counted[1], names) - sum(counted[0], names)
			res.Samples = append(res.Samples, Sample{Value: 1000 * float64(max(0, more)) / float64(n)})
		}
		return res, nil
	}
}

// sum adds the calls of these names, or all if there are none.
func sum(calls map[string]int, names []string) (total int) {
	for name, n := range calls {
		if names == nil || slices.Contains(names, name) {
			total += n
		}
	}
	return total
}

// traced carries out an order under strace, and returns how often each call was made.
func traced(strace string, what order) (map[string]int, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "calls")
	if _, err := under(context.Background(), []string{strace, "-f", "-c", "-o", file}, what); err != nil {
		return nil, err
	}
	table, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return callCounts(string(table))
}

// callCounts reads what strace -c writes: share of the time, seconds, microseconds for
// each call, calls, errors or nothing, and the name.
func callCounts(table string) (map[string]int, error) {
	counts := map[string]int{}
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(fields) < 5 || fields[len(fields)-1] == "total" {
			continue
		}
		if n, err := strconv.Atoi(fields[3]); err == nil {
			counts[fields[len(fields)-1]] = n
		}
	}
	if len(counts) == 0 {
		return nil, peer.Cannot("strace counts nothing here: it may not be allowed to")
	}
	return counts, nil
}
