package main

import (
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// timerSlack is how late a timer of this process may be, in nanoseconds. The kernel's 50 µs let the Go runtime's watchman
// (sysmon), which sleeps for 20 µs at a time while anything happens at all, wake seven thousand times a second as soon as one
// call is open: 8 % of a core. Two milliseconds are nothing to a pacer of 20 ms that keeps an absolute schedule.
const timerSlack = 2_000_000

// relaxTimers sets the slack and starts this program anew under it, once: the watchman's thread is older than main, and a
// thread's slack can be set only by itself or by whoever it descends from. Where that is not to be had, all stays as it is.
func relaxTimers() {
	runtime.LockOSThread() // what is set is this thread's, and it is the one that goes on
	defer runtime.UnlockOSThread()
	slack, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	if err != nil || slack >= timerSlack {
		return
	}
	exe, err := os.Executable()
	if err != nil || unix.Prctl(unix.PR_SET_TIMERSLACK, timerSlack, 0, 0, 0) != nil {
		return
	}
	_ = syscall.Exec(exe, os.Args, os.Environ())
}
