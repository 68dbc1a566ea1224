//go:build unix

package main

import (
	"syscall"
	"time"
)

// processorTime returns the processor time that this process has taken.
func processorTime() time.Duration {
	var taken syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &taken) // fails for no process of its own
	return time.Duration(taken.Utime.Nano() + taken.Stime.Nano())
}
