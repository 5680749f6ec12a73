package onnx

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// readHeader lists the inputs and outputs of a network in the ONNX format. The library would tell only from a second
// loaded session, which doubles the time to start.
func readHeader(data []byte) (in, out []Info, err error) {
	weights := make(map[string]bool)
	err = fields(data, func(field int, graph []byte) error {
		if field != modelGraph {
			return nil
		}
		return fields(graph, func(field int, b []byte) error {
			switch field {
			case graphInput:
				return appendInfo(&in, b)
			case graphOutput:
				return appendInfo(&out, b)
			case graphWeight:
				return fields(b, func(field int, name []byte) error {
					if field == tensorName {
						weights[string(name)] = true
					}
					return nil
				})
			}
			return nil
		})
	})
	if err == nil && len(out) == 0 {
		err = errors.New("no network in it")
	}
	if err != nil {
		return nil, nil, fmt.Errorf("not a file in the ONNX format: %w", err)
	}
	free := in[:0]
	for _, i := range in {
		if !weights[i.Name] { // before IR version 4 weights were listed among the inputs
			free = append(free, i)
		}
	}
	return free, out, nil
}

// appendInfo reads a ValueInfoProto: name = 1, type = 2 { tensor_type = 1 { elem_type = 1, shape = 2 } }.
func appendInfo(list *[]Info, b []byte) error {
	info := Info{Type: "no tensor"}
	err := fields(b, func(field int, b []byte) error {
		switch field {
		case 1:
			info.Name = string(b)
		case 2:
			return fields(b, func(field int, b []byte) error {
				if field != 1 {
					return nil
				}
				return info.readTensor(b)
			})
		}
		return nil
	})
	*list = append(*list, info)
	return err
}

func (i *Info) readTensor(b []byte) error {
	i.Type = "float32"
	i.anyRank = true
	return eachField(b, func(field int, number uint64, b []byte) error {
		switch field {
		case 1:
			i.Type = fmt.Sprintf("element type %d", number)
			for name, code := range elementCodes {
				if code == number {
					i.Type = name
				}
			}
		case 2:
			i.anyRank = false
			return fields(b, func(field int, dim []byte) error {
				if field != 1 {
					return nil
				}
				i.Shape = append(i.Shape, -1)
				return eachField(dim, func(field int, number uint64, _ []byte) error {
					if field == 1 && number <= 1<<31 {
						i.Shape[len(i.Shape)-1] = int(number)
					}
					return nil
				})
			})
		}
		return nil
	})
}

var errBroken = errors.New("broken protocol buffer")

// fields calls visit for every field of a protocol buffer that holds bytes.
func fields(b []byte, visit func(field int, content []byte) error) error {
	return eachField(b, func(field int, _ uint64, content []byte) error {
		if content == nil {
			return nil
		}
		return visit(field, content)
	})
}

// eachField calls visit for every field: with its number, or with its content, never nil, where it holds bytes.
func eachField(b []byte, visit func(field int, number uint64, content []byte) error) error {
	for len(b) > 0 {
		tag, n := binary.Uvarint(b)
		if n <= 0 || tag>>3 == 0 || tag>>3 > 1<<29 {
			return errBroken
		}
		b = b[n:]
		var number uint64
		var content []byte
		size := 0
		switch tag & 7 {
		case 0:
			if number, size = binary.Uvarint(b); size <= 0 {
				return errBroken
			}
		case 1:
			size = 8
		case 5:
			size = 4
		case 2:
			length, n := binary.Uvarint(b)
			if n <= 0 || length > uint64(len(b)-n) {
				return errBroken
			}
			size = n + int(length)
			content = b[n:size:size]
		default:
			return errBroken
		}
		if size > len(b) {
			return errBroken
		}
		b = b[size:]
		if err := visit(int(tag>>3), number, content); err != nil {
			return err
		}
	}
	return nil
}
