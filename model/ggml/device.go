package ggml

import "fmt"

// OpenBackend starts the backend that a device's name stands for: "cpu" with so many threads.
func OpenBackend(device string, threads int) (*Backend, error) {
	if device == "" || device == "cpu" {
		return NewBackend(threads)
	}
	return nil, fmt.Errorf("no device %.20q", device)
}
