// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/seedmq/mq"
)

// progress shows how far the others are. It only listens: if it is slow, it misses
// some news, and nobody waits for it.
type progress struct {
	news mq.Sub // from ventilator and sink

	out      io.Writer
	terminal bool      // draw a bar; otherwise print a line now and then
	shown    time.Time // when it was shown last

	state           string
	files, allFiles int64 // sent, and in all
	lines, bytes    int64 // counted
	allBytes        int64 // 0 if nobody knows
}

func newProgress(all *sockets, out io.Writer, terminal bool) (*progress, error) {
	p := &progress{
		news:     enlist(all, "progress", "SUB", mq.NewSub),
		out:      out,
		terminal: terminal,
	}
	if !terminal {
		p.shown = time.Now() // the first line after a while, the bar at once
	}
	for _, topic := range []string{"progress.", "state"} {
		if err := p.news.Subscribe(topic); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// audiencePatience is more than it takes to connect, and to subscribe.
const audiencePatience = 5 * time.Second

// awaitAudience waits until somebody listens to topic, because a PUB keeps nothing for
// those who come late. But nothing depends on who listens, so it does not wait long.
func awaitAudience(ctx context.Context, news mq.Pub, topic string) error {
	waiting, cancel := context.WithTimeout(ctx, audiencePatience)
	defer cancel()
	err := news.WaitSubscribers(waiting, topic, 1)
	if waiting.Err() != nil && ctx.Err() == nil {
		return nil
	}
	return err
}

// run shows the news until watching ends, and the publishers have closed.
func (p *progress) run(ctx, watching context.Context) error {
	defer p.show(true) // whatever is printed next begins a line
	for m, err := range mq.Messages(watching, p.news) {
		if err != nil && watching.Err() != nil {
			break
		}
		if err != nil {
			return err
		}
		if err := p.note(m); err != nil {
			return err
		}
		p.showSometimes()
	}
	// The last news may be in the queue, or only on its way.
	for m, err := range rest(ctx, p.news) {
		if err != nil {
			return err
		}
		if err := p.note(m); err != nil {
			return err
		}
	}
	return closeEmpty(p.news)
}

// note takes in one message.
func (p *progress) note(m mq.Message) error {
	if err := checkParts(m, string(m.Data), 2); err != nil {
		return err
	}
	switch string(m.Data) {
	case "progress.files":
		return readNumbers(m.Part(1), &p.files, &p.allFiles, &p.allBytes)
	case "progress.lines":
		return readNumbers(m.Part(1), &p.lines, &p.bytes)
	case "state":
		p.state = string(m.Part(1))
		if p.state == waitingState {
			p.shown = time.Time{} // there may be no other news for long
		}
	}
	return nil // a later version may publish more
}

// showSometimes shows the progress, but not more often than anybody looks at it.
func (p *progress) showSometimes() {
	every := time.Second
	if p.terminal {
		every = 50 * time.Millisecond
	}
	if time.Since(p.shown) >= every {
		p.show(false)
		p.shown = time.Now()
	}
}

// show draws over the line of the terminal, or prints one. It does not look at
// errors: nothing depends on whether the progress can be seen.
func (p *progress) show(last bool) {
	if !p.terminal {
		fmt.Fprintln(p.out, "wordcount:", p.text())
		return
	}
	const eraseRest = "\x1b[K"
	fmt.Fprint(p.out, "\r", p.bar(), p.text(), eraseRest)
	if last {
		fmt.Fprintln(p.out)
	}
}

const barWidth = 24 // so that bar and text fit into 80 columns

// bar is the share of the bytes that are counted; "" if nobody knows of how many.
func (p *progress) bar() string {
	if p.allBytes == 0 {
		return ""
	}
	full := int(barWidth * p.share())
	return "[" + strings.Repeat("#", full) + strings.Repeat("-", barWidth-full) + "] "
}

func (p *progress) text() string {
	percent := ""
	if p.allBytes > 0 {
		percent = fmt.Sprintf("%3.0f%%, ", 100*p.share())
	}
	return fmt.Sprintf("%s%s, %s, %d of %s, %s", percent, size(p.bytes),
		plural(p.lines, "line"), p.files, plural(p.allFiles, "file"), p.state)
}

// share is at most 1, even if a file has grown.
func (p *progress) share() float64 { return min(1, float64(p.bytes)/float64(p.allBytes)) }
