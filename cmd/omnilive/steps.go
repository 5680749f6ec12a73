package main

import "omnilive/model/parts"

// partSteps are the files that are made here out of fetched parts.
func partSteps() []parts.Step { return nil }
