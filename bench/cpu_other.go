//go:build !unix

package main

import "time"

var started = time.Now()

// processorTime returns the time since the start: that of the processor can't be had here.
func processorTime() time.Duration { return time.Since(started) }
