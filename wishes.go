// SPDX-License-Identifier: MIT

package mq

import "container/list"

// wishes is the queue of an XPUB for what its peers want. Nobody can be made to wait for
// room in it, and nothing that matters may be dropped: so once limit wishes wait, a wish
// and its end undo each other, and what only repeats is left out. Then no more is added
// than one for each prefix that a peer has, of which there may be a limited number.
type wishes struct {
	limit int
	all   list.List // of wish, in the order they came
	about map[topic][]*list.Element
}

// wish is what a peer of an XPUB wants, or does not want any more.
type wish struct {
	topic topic
	of    *subscriber
	on    bool
	turn  bool // it is the first about its topic, or the end; others repeat
}

// topic is what a wish is about.
type topic struct {
	prefix string
	of     *subscriber // nil if it is the same whoever wishes
}

// message is how the application gets it.
func (w wish) message() Message {
	b := make([]byte, 1, 1+len(w.topic.prefix))
	if w.on {
		b[0] = 1
	}
	return Message{Data: append(b, w.topic.prefix...)}
}

func (q *wishes) len() int { return q.all.Len() }

// add puts w at the end. Of those about one topic that take turns, each undoes the one
// before.
func (q *wishes) add(w wish) {
	about := q.about[w.topic]
	if q.len() >= q.limit {
		if !w.turn {
			return
		}
		for n := len(about); n > 0; n = len(about) {
			last := about[n-1]
			q.all.Remove(last)
			about = about[:n-1]
			if last.Value.(wish).turn {
				q.keep(w.topic, about)
				return
			}
		}
	}
	q.keep(w.topic, append(about, q.all.PushBack(w)))
}

// take returns the first, if there is one.
func (q *wishes) take() (w wish, ok bool) {
	first := q.all.Front()
	if first == nil {
		return w, false
	}
	w = q.all.Remove(first).(wish)
	q.keep(w.topic, q.about[w.topic][1:])
	return w, true
}

func (q *wishes) keep(about topic, all []*list.Element) {
	if len(all) == 0 {
		delete(q.about, about)
		return
	}
	if q.about == nil {
		q.about = make(map[topic][]*list.Element)
	}
	q.about[about] = all
}
