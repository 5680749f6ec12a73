//go:build !race

package live

// raced says that the race detector keeps its notes of the memory in it.
const raced = false
