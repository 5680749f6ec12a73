package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"omnilive/cmd/omnilive/measure"
	"omnilive/media"
	"omnilive/model"
	"omnilive/model/omni"
	"omnilive/model/small"
)

// benchQuestions are asked where no folder of questions is given.
var benchQuestions = []string{
	"What is the capital of France?", "What is seven times eight?", "Who wrote Romeo and Juliet?", "How far away is the moon?",
	"How many days are there in a leap year?", "Can you tell me a joke?", "What color is the sky?", "What is the opposite of hot?",
	"Which ocean is the largest?", "How many legs does a spider have?",
}

// readQuestions returns the questions, mono at 24 kHz; none where there is nobody to ask them, or none are needed.
func (f *benchFlags) readQuestions(ctx context.Context) (all [][]float32, err error) {
	switch {
	case f.questions != "":
		return f.readFolder()
	case f.quick && isCheckpoint(f.model.model):
		return nil, nil
	}
	all, err = f.speakQuestions(ctx)
	if errors.Is(err, os.ErrNotExist) && isCheckpoint(f.model.model) {
		return nil, nil // a checkpoint can do without the small model
	}
	return all, explain(err)
}

// speakQuestions has the small model say them.
func (f *benchFlags) speakQuestions(ctx context.Context) (all [][]float32, err error) {
	o := *f.model
	if isCheckpoint(o.model) {
		o.model = "small"
	}
	m, err := small.Open(ctx, small.Config{ModelsDir: o.dirs.models, LibDir: o.dirs.lib, Llama: o.dirs.llamaDir(), Tiny: o.model == "tiny", NoVision: true})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	for _, q := range benchQuestions {
		pcm, err := m.Say(ctx, q)
		if err != nil {
			return nil, err
		}
		all = append(all, pcm)
	}
	return all, nil
}

func (f *benchFlags) readFolder() (all [][]float32, err error) {
	files, err := filepath.Glob(filepath.Join(f.questions, "*"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if !isSound(file) {
			continue
		}
		pcm, err := readSpeech(file)
		if err != nil {
			return nil, err
		}
		all = append(all, pcm)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("--questions %s: no WAV or MP3 file there", f.questions)
	}
	return all, nil
}

// question is what conversations are asked: the first of the questions; for a checkpoint, whose time goes by the length of what it
// hears, five seconds of them.
func (f *benchFlags) question(all [][]float32) (q measure.Question, err error) {
	long := 5 * time.Second
	if f.quick {
		long = time.Second
	}
	if len(all) == 0 {
		q.Speech = omni.MeasureSound(long, model.InputRate)
		return q, nil
	}
	pcm := all[0]
	if isCheckpoint(f.model.model) {
		want := int(long.Seconds() * media.OutputRate)
		pcm = nil
		for i := 0; len(pcm) < want; i++ {
			pcm = append(pcm, all[i%len(all)]...)
		}
		pcm = pcm[:want]
	} else {
		q.Reply.MaxTokens = 48 // a small model may go on for long
	}
	q.Speech, err = media.Resample(pcm, media.OutputRate, model.InputRate)
	return q, err
}
