// Package omnilive holds what the binary carries from the top of its source tree: the list of model parts and the
// licences of everything it is made of. The program itself is cmd/omnilive.
//
// # Concurrency
//
// There is nothing here but constants in all but name: read them from anywhere, assign to none.
package omnilive

import _ "embed"

// Lock is models.lock: every library and model part by package, version and checksum. Package model/parts reads it.
//
//go:embed models.lock
var Lock []byte

// Notice is the text of NOTICE: who made what omnilive is built from, and under which licence.
//
//go:embed NOTICE
var Notice string
