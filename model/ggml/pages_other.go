//go:build !linux

package ggml

import "golang.org/x/sys/unix"

// mapPages returns n zeroed, page-aligned bytes and what to give to unmapPages.
func mapPages(n int) (data, whole []byte, err error) {
	whole, err = unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	return whole, whole, err
}

func unmapPages(whole []byte) { _ = unix.Munmap(whole) }
