// SPDX-License-Identifier: MIT

package pipeline_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seedmq/mq/examples/internal/programs"
)

func TestPipeline(t *testing.T) {
	dir := programs.Build(t, "./ventilator", "./worker", "./sink")
	for _, cast := range programs.Casts("ventilator", "worker", "sink") {
		t.Run(cast.Name, func(t *testing.T) {
			sink := cast.Start(t, dir, "sink", "-results", "tcp://127.0.0.1:*", "-n", "2000")
			ventilator := cast.Start(t, dir, "ventilator", "-tasks", "tcp://127.0.0.1:*", "-n", "2000", "-workers", "2")
			tasks, results := ventilator.AwaitAddr(), sink.AwaitAddr()
			var workers []*programs.Program
			for range 2 {
				workers = append(workers, cast.Start(t, dir, "worker", "-tasks", tasks, "-results", results))
			}
			sink.AwaitLine("2000 results, their sum is 2668667000")
			require.Zero(t, sink.Wait())
			require.Zero(t, ventilator.Wait())
			for _, w := range workers {
				w.Interrupt()
				require.Zero(t, w.Wait())
			}
		})
	}
}

func TestWorkersWaitForTheOthers(t *testing.T) {
	dir := programs.Build(t, "./ventilator", "./worker", "./sink")
	for _, cast := range programs.Casts("ventilator", "worker", "sink") {
		t.Run(cast.Name, func(t *testing.T) {
			tasks, results := programs.IPC(t), programs.IPC(t)
			worker := cast.Start(t, dir, "worker", "-tasks", tasks, "-results", results)
			worker.AwaitLine("working for")
			ventilator := cast.Start(t, dir, "ventilator", "-tasks", tasks, "-n", "10")
			sink := cast.Start(t, dir, "sink", "-results", results, "-n", "10")
			sink.AwaitLine("10 results, their sum is 385")
			require.Zero(t, ventilator.Wait())
		})
	}
}
