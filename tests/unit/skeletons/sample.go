// Copyright 2026 the notes project.

// Package notes keeps short texts under names.
package notes

import (
	"errors"
	"fmt"
	"os"
	"sync"
)

// ErrMissing says that a name is not known.
var ErrMissing = errors.New("no such note")

const Limit = 80 // how many fit

// Levels of detail.
const (
	Low Level = iota
	High
)

var (
	table = map[string]int{
		"a": 1,
	}
	first, second int
)

type (
	// Level says how much is shown.
	Level int
	Name  = string
)

// Visit is called for each note.
type Visit func(name Name, text string) (more bool)

// Reader reads notes.
type Reader interface {
	fmt.Stringer
	// Read finds one note.
	Read(name Name) (string, error)
}

type Number interface {
	~int | ~float64
}

// Store keeps notes
// in memory.
type Store[T any] struct {
	sync.Mutex
	notes      map[Name]T `json:"notes"`
	path, kind string
	inner      struct {
		depth int
	}
}

// MissingError names what is missing.
type MissingError struct{ Name Name }

func (e *MissingError) Error() string { return e.Name }

// New opens a store.
func New[T any](path string, sizes ...int) (*Store[T], error) {
	if path == "" {
		return nil, fmt.Errorf("no path: %d", len(sizes))
	}
	data, err := os.ReadFile(path)
	if err != nil || len(data) == 0 {
		return nil, ErrMissing
	}
	return &Store[T]{path: path}, nil
}

// Put keeps a note.
func (s *Store[T]) Put(name, kind string, value T, out map[string]T) error {
	local := func(x int) int { return x }
	s.notes[name] = value
	out[name] = value
	if local(1) > 2 {
		return &MissingError{name}
	}
	return nil
}

func (Store[T]) size() int { panic("not yet") }

func each(visit func(string) error, _ ...Number2) (err error) {
	go visit("x")
	fmt.Println(table)
	return visit("")
}

type Number2 struct{}

var fold = func(items []int, by func(int) int) int { return len(items) + by(1) }

func init() { os.Exit(first + second + fold(nil, nil)) }

func outside(a uintptr) int
