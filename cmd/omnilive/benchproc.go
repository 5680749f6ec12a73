package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"omnilive/signaling/caller"
)

// silence is how long the silent calls are watched; silentCalls how many there are: the Go runtime's own watchman wakes
// so often while anything happens at all that one call alone would be charged for it.
const (
	silence     = 10 * time.Second
	silentCalls = 6
)

// measureSilence notes the server's memory, and what an open, silent call adds to it and costs.
func (c *child) measureSilence(ctx context.Context, r *callsReport) error {
	pid := c.cmd.Process.Pid
	first, err := caller.Dial(ctx, c.url, caller.Options{}) // what only the first call allocates is not the second one's
	if err != nil {
		return err
	}
	time.Sleep(2 * time.Second)
	if err := first.Close(); err != nil {
		return err
	}
	time.Sleep(time.Second)
	if r.MemoryMB, err = residentMB(pid); err != nil {
		return err
	}
	idle, err := cpuTime(pid)
	if err != nil {
		return err
	}
	time.Sleep(2 * time.Second)
	calm, err := cpuTime(pid)
	if err != nil {
		return err
	}
	for range silentCalls {
		call, err := caller.Dial(ctx, c.url, caller.Options{})
		if err != nil {
			return err
		}
		defer call.Close()
	}
	time.Sleep(2 * time.Second)
	from, err := cpuTime(pid)
	if err != nil {
		return err
	}
	time.Sleep(silence)
	to, err := cpuTime(pid)
	if err != nil {
		return err
	}
	now, err := residentMB(pid)
	if err != nil {
		return err
	}
	r.CallMB = (now - r.MemoryMB) / silentCalls
	r.SilentPercent = 100 * ((to-from).Seconds()/silence.Seconds() - (calm-idle).Seconds()/2) / silentCalls
	return nil
}

// residentMB is a process's resident memory.
func residentMB(pid int) (float64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.Atoi(strings.Fields(rest)[0])
			return float64(kb) / 1024, err
		}
	}
	return 0, fmt.Errorf("/proc/%d/status names no VmRSS", pid)
}

// cpuTime is how much of the processors a process has used.
func cpuTime(pid int) (time.Duration, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(data), ") ")
	f := strings.Fields(rest)
	if len(f) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat is cut", pid)
	}
	user, err := strconv.Atoi(f[11])
	if err != nil {
		return 0, err
	}
	system, err := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond, err // 100 ticks a second
}
