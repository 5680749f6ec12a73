package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"omnilive/model/ggml"
	"omnilive/model/omni"
	"omnilive/model/omni/convert"
	"omnilive/model/parts"
	"omnilive/model/small/whisper"
)

const convertUsage = `usage: omnilive convert PATH --out DIR [--quant TYPE] [--quant-component NAME=TYPE,...]
       omnilive convert -o FILE.gguf FOLDER

Makes of the checkpoint in the folder PATH, in the layout of HyperCLOVAX-SEED-Omni, a folder DIR of GGUF files that loads
the same way and takes less room. It streams: less than 2 GB of memory whatever the size. Interrupted, it goes on where it
was when the same command is given again. TYPE is f32, f16, bf16, q8_0, q4_0, q4_1, q5_0, q5_1, q4_k, q5_k or q6_k; only
matrices change their type.

With -o it makes one file of FOLDER, which holds a Whisper model in CTranslate2's format: model.bin, config.json,
vocabulary.txt, tokenizer.json.

`

// runConvert is the subcommand convert.
func runConvert(ctx context.Context, args []string, stdout io.Writer) error {
	fs := flag.NewFlagSet("convert", flag.ContinueOnError)
	fs.Usage = func() { fmt.Fprint(fs.Output(), convertUsage); fs.PrintDefaults() }
	dirs := folderFlags(fs)
	file := fs.String("o", "", "`file` to write of a Whisper model")
	out := fs.String("out", "", "`folder` to write of a checkpoint")
	quant := fs.String("quant", "bf16", "`type` of matrices")
	single := fs.String("quant-component", "", "types of single components, with commas, as in vision_model=bf16,language_model=q4_0; there are "+strings.Join(convert.Names(), ", "))
	paths, err := interspersed(fs, args)
	if err != nil {
		return err
	}
	if len(paths) != 1 || (*file == "") == (*out == "") {
		fs.Usage()
		return errors.New("convert: want one folder, and --out for a checkpoint or -o for a Whisper model")
	}
	if *file != "" {
		return convertWhisper(paths[0], *file, stdout)
	}
	o := convert.Options{Out: *out}
	if o.Type, err = keepableType(*quant); err != nil {
		return err
	}
	if o.Types, err = componentTypes(*single); err != nil {
		return err
	}
	if err := ggml.Load(dirs.llama()); err != nil {
		return err
	}
	return convertCheckpoint(ctx, paths[0], o, stdout)
}

// interspersed parses flags that may stand before, between and after the other arguments, which it returns.
func interspersed(fs *flag.FlagSet, args []string) (rest []string, err error) {
	for {
		if err := fs.Parse(args); err != nil {
			return nil, err
		}
		if fs.NArg() == 0 {
			return rest, nil
		}
		rest = append(rest, fs.Arg(0))
		args = fs.Args()[1:]
	}
}

// keepableType reads the name of a type, in letters of any case.
func keepableType(name string) (ggml.Type, error) {
	var names []string
	for _, t := range omni.KeepableTypes {
		if strings.EqualFold(t.String(), strings.TrimSpace(name)) {
			return t, nil
		}
		names = append(names, strings.ToLower(t.String()))
	}
	return 0, fmt.Errorf("no type %.20q: want one of %s", name, strings.Join(names, ", "))
}

// componentTypes reads "vision_model=bf16,language_model=q4_0".
func componentTypes(list string) (map[string]ggml.Type, error) {
	types := map[string]ggml.Type{}
	for _, pair := range split(list) {
		name, kind, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, fmt.Errorf("--quant-component: %.40q is not NAME=TYPE", pair)
		}
		t, err := keepableType(kind)
		if err != nil {
			return nil, fmt.Errorf("--quant-component %s: %w", name, err)
		}
		types[strings.TrimSpace(name)] = t
	}
	return types, nil
}

func convertCheckpoint(ctx context.Context, path string, o convert.Options, stdout io.Writer) error {
	bar := newProgress(true)
	defer bar.close()
	o.Progress = func(p convert.Progress) {
		bar.tell(parts.Progress{Stage: p.Stage, Name: p.Name, Done: p.Done, Total: p.Total})
	}
	m, err := convert.Convert(ctx, path, o)
	if err != nil {
		bar.close()
		if ctx.Err() != nil {
			fmt.Fprintln(os.Stderr, "interrupted; the same command goes on from here")
		}
		return err
	}
	bar.close()
	total := int64(0)
	for _, f := range m.Files {
		total += f.Size
	}
	_, err = fmt.Fprintf(stdout, "wrote %s: %d files, %.1f MB, from the checkpoint with the sum %.16s…\n", o.Out, len(m.Files)+1, megabytes(total), m.Source)
	return err
}

// convertWhisper makes one file by hand, as models fetch does by itself.
func convertWhisper(folder, out string, stdout io.Writer) error {
	bar := newProgress(true)
	defer bar.close()
	err := whisper.Convert(folder, out, func(done, total int64) {
		bar.tell(parts.Progress{Stage: "convert", Name: out, Done: done, Total: total})
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, "wrote", out)
	return err
}
