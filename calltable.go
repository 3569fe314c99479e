// SPDX-License-Identifier: MIT

package mq

// callTable finds calls by their ids. Ids are given out in order, so the low bits of an id
// are its slot; an id whose slot is taken is left out. Half of the slots are free, so that
// few ids are.
type callTable struct {
	slots []*call // a power of two of them, or none
	n     int     // calls
}

const firstSlots = 16

// add gives c the first id from next on that can be had.
func (t *callTable) add(c *call, next uint32) {
	if 2*t.n >= len(t.slots) {
		t.grow()
	}
	for *t.slot(next) != nil {
		next++
	}
	c.id = next
	*t.slot(next) = c
	t.n++
}

func (t *callTable) grow() {
	old := t.slots
	t.slots = make([]*call, max(firstSlots, 2*len(old)))
	for _, c := range old {
		if c != nil {
			*t.slot(c.id) = c
		}
	}
}

// get returns the call of that id; nil if there is none.
func (t *callTable) get(id uint32) *call {
	if t.n == 0 {
		return nil
	}
	if c := *t.slot(id); c != nil && c.id == id {
		return c
	}
	return nil
}

func (t *callTable) remove(c *call) {
	*t.slot(c.id) = nil
	t.n--
}

func (t *callTable) slot(id uint32) **call { return &t.slots[id&uint32(len(t.slots)-1)] }
