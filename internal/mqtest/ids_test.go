// SPDX-License-Identifier: MIT

package mqtest

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Every line of the checklist has a law, or a reason why not.
func TestLawsAreComplete(t *testing.T) {
	claimed := map[string]bool{}
	for _, law := range Laws() {
		for id := range strings.FieldsSeq(law.ID) {
			claimed[id] = true
			known := strings.HasPrefix(id, "MQ-") || slices.Contains(checklist, id) || slices.Contains(besides, id)
			assert.True(t, known, "%s is not in the checklist: %v", id, law)
		}
	}
	for _, id := range checklist {
		assert.True(t, claimed[id] != (elsewhere[id] != ""), "%s: want a law or a reason why there is none, not both", id)
	}
	for id := range elsewhere {
		assert.Contains(t, checklist, id)
	}
	for _, id := range besides {
		assert.True(t, claimed[id], "%s is listed for nothing", id)
	}
}

func TestLawsAreWellFormed(t *testing.T) {
	shall := map[string]bool{}
	for _, law := range Laws() {
		assert.NotEmpty(t, law.ID, law)
		assert.NotEmpty(t, law.Pattern, law)
		assert.NotNil(t, law.Run, law)
		assert.NotEmpty(t, law.Shall, law)
		for _, clause := range []string{law.Shall, law.Departs, law.Only} {
			assert.Equal(t, strings.TrimSuffix(clause, "."), clause, "the clause ends in a period of its own")
		}
		assert.False(t, shall[law.Pattern+law.Shall], "said twice: %v", law)
		shall[law.Pattern+law.Shall] = true
	}
}
