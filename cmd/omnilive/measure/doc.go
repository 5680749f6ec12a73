// Package measure holds conversations with a model as calls do, without the calls: the question grows while it is spoken, the
// camera sees a picture a second, the answer plays while it is made. It tells how long the first sound takes, and how many
// conversations at once a machine keeps pace with.
//
// # Concurrency
//
// Each function runs alone on its model. Calls has a goroutine for each conversation and waits for them.
package measure
