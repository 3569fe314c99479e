// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// verifier counts the same input again: one goroutine, a plain loop, no mq, and
// words found in another way.
type verifier struct {
	input *input
	copy  *os.File // of standard input, which can be read only once; nil if it is not read
}

// newVerifier has in keep what it reads from standard input.
func newVerifier(in *input) (*verifier, error) {
	v := &verifier{input: in}
	if !in.hasStdin() {
		return v, nil
	}
	file, err := os.CreateTemp("", "wordcount-*")
	if err != nil {
		return nil, err
	}
	v.copy = file
	in.copy = file
	return v, nil
}

func (v *verifier) close() {
	if v.copy != nil {
		v.copy.Close()
		os.Remove(v.copy.Name())
	}
}

// check compares what was counted with what is in the input.
func (v *verifier) check(ctx context.Context, counted []count, stdout io.Writer) error {
	words := make(map[string]int64)
	for _, s := range v.input.sources {
		if err := v.countSource(ctx, s, words); err != nil {
			return err
		}
	}
	if err := compare(counted, words); err != nil {
		return err
	}
	var sum int64
	for _, n := range words {
		sum += n
	}
	_, err := fmt.Fprintf(stdout, "\nverified: %d distinct words, %d words, identical\n", len(words), sum)
	return err
}

func (v *verifier) countSource(ctx context.Context, s source, words map[string]int64) error {
	if s.isStdin() {
		if _, err := v.copy.Seek(0, io.SeekStart); err != nil {
			return err
		}
		return countPlainly(ctx, v.copy, words)
	}
	file, err := os.Open(s.path)
	if err != nil {
		return err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || info.Size() != s.size || !info.ModTime().Equal(s.modified) {
		return errors.Join(err, fmt.Errorf("cannot verify: %s was changed meanwhile, run it again", s))
	}
	return countPlainly(ctx, file, words)
}

// countPlainly adds the words of a text.
func countPlainly(ctx context.Context, r io.Reader, words map[string]int64) error {
	notWord := func(r rune) bool { return !isWord(r) }
	lines := bufio.NewReader(r)
	for ctx.Err() == nil {
		line, err := lines.ReadString('\n')
		for word := range strings.FieldsFuncSeq(line, notWord) {
			words[strings.ToLower(word)]++
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

const maxShown = 5 // words that differ

// compare reports the first words that were not counted as often as they should.
func compare(counted []count, want map[string]int64) error {
	got := make(map[string]int64, len(counted))
	words := make([]string, 0, len(counted))
	for _, c := range counted {
		got[c.word] = c.n
		words = append(words, c.word)
	}
	for word := range want {
		words = append(words, word)
	}
	slices.Sort(words)
	words = slices.DeleteFunc(slices.Compact(words), func(w string) bool { return got[w] == want[w] })
	if len(words) == 0 {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "verification failed: %d words differ", len(words))
	for _, word := range words[:min(maxShown, len(words))] {
		fmt.Fprintf(&b, "\n  %q: %d counted, but there are %d", word, got[word], want[word])
	}
	return errors.New(b.String())
}
