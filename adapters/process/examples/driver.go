// A driver (spec/driver.md) in Go. It knows the store (memory_store.go) by its methods only: to judge one of your own
// put it in its place. Needs Go 1.19 and its standard library.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"time"
)

var capabilities = []string{"errors", "snapshots", "notices", "malformed", "namespaces", "retention"}

type object = map[string]any

// request has the keys of all calls; each call uses its own.
type request struct {
	ID           int64    `json:"id"`
	Call         string   `json:"call"`
	Protocol     int      `json:"protocol"`
	Storage      int64    `json:"storage"`
	Handle       int64    `json:"handle"`
	Subscription int64    `json:"subscription"`
	Namespace    *string  `json:"namespace"`
	RetentionMs  int64    `json:"retentionMs"`
	ActorID      string   `json:"actorId"`
	FromVersion  int64    `json:"fromVersion,string"`
	Event        Event    `json:"event"`
	Snapshot     Snapshot `json:"snapshot"`
	Raw          []byte   `json:"raw"`
	Milliseconds int64    `json:"milliseconds"`
}

// unsupported: the kit asked for what this driver does not know. No error of the store's.
func unsupported(message string) error { return &StoreError{Code: "unsupported", Message: message} }

// table holds what the kit has numbered.
type table[T any] struct{ entries sync.Map }

func (t *table[T]) put(number int64, value T) { t.entries.Store(number, value) }
func (t *table[T]) drop(number int64)         { t.entries.Delete(number) }
func (t *table[T]) find(number int64) (value T, err error) {
	found, there := t.entries.Load(number)
	if !there {
		return value, unsupported(fmt.Sprintf("there is no %d", number))
	}
	return found.(T), nil
}

type driver struct {
	output        sync.Mutex
	opening       sync.Mutex
	storages      table[*Storage]
	handles       table[*Store]
	subscriptions table[*Subscription]
}

func (d *driver) write(message object) {
	line, err := json.Marshal(message)
	if err != nil {
		panic(err)
	}
	d.output.Lock()
	defer d.output.Unlock()
	os.Stdout.Write(append(line, '\n'))
}

// serve answers one request. Whatever the store does wrong is told as an exception.
func (d *driver) serve(r *request) {
	result, err := d.call(r)
	var known *StoreError
	switch {
	case err == nil:
		d.write(object{"id": r.ID, "result": result})
	case errors.As(err, &known):
		d.write(object{"id": r.ID, "error": known})
	default:
		d.write(object{"id": r.ID, "error": &StoreError{Code: "exception", Message: err.Error()}})
	}
	if r.Call == "shutdown" {
		os.Exit(0)
	}
}

// call answers the result.
func (d *driver) call(r *request) (result object, err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("panic: %v", problem)
		}
	}()
	switch r.Call {
	case "hello":
		if r.Protocol != 1 {
			return nil, unsupported("this driver speaks protocol 1")
		}
		return object{"protocol": 1, "store": "example in Go", "version": "1.0", "language": runtime.Version(),
			"capabilities": capabilities}, nil
	case "open":
		d.handles.put(r.Handle, Open(d.storage(r), r.Namespace))
		return object{}, nil
	case "discard":
		_, err = d.storages.find(r.Storage)
		d.storages.drop(r.Storage)
		return object{}, err
	case "inject_malformed":
		return d.injectMalformed(r)
	case "unsubscribe":
		subscription, err := d.subscriptions.find(r.Subscription)
		if err != nil {
			return nil, err
		}
		subscription.End()
		d.subscriptions.drop(r.Subscription)
		return object{}, nil
	case "sleep":
		time.Sleep(time.Duration(r.Milliseconds) * time.Millisecond)
		return object{}, nil
	case "shutdown":
		return object{}, nil
	}
	return d.callOfHandle(r)
}

func (d *driver) callOfHandle(r *request) (object, error) {
	if r.Handle == 0 {
		return nil, unsupported("no such call: " + r.Call)
	}
	store, err := d.handles.find(r.Handle)
	if err != nil {
		return nil, err
	}
	switch r.Call {
	case "save":
		return object{}, store.SaveEvent(r.Event)
	case "get_events":
		events, err := store.GetEvents(r.ActorID, r.FromVersion)
		return object{"events": events}, err
	case "get_latest_version":
		version, err := store.GetLatestVersion(r.ActorID)
		return object{"version": fmt.Sprint(version)}, err
	case "get_events_with_errors":
		events, replayErrors, err := store.GetEventsWithErrors(r.ActorID, r.FromVersion)
		return object{"events": events, "errors": replayErrors}, err
	case "save_snapshot":
		return object{}, store.SaveSnapshot(r.Snapshot)
	case "get_latest_snapshot":
		snapshot, err := store.GetLatestSnapshot(r.ActorID)
		return object{"snapshot": snapshot}, err
	case "subscribe":
		subscription, err := store.Subscribe(func(event Event) {
			facts := object{"eventId": event.ID, "actorId": event.ActorID, "version": fmt.Sprint(event.Version),
				"timestamp": event.Timestamp}
			d.write(object{"notice": facts, "subscription": r.Subscription})
		})
		if err == nil {
			d.subscriptions.put(r.Subscription, subscription)
		}
		return object{}, err
	case "close":
		store.Close()
		return object{}, nil
	case "release":
		store.Close()
		d.handles.drop(r.Handle)
		return object{}, nil
	}
	return nil, unsupported("no such call: " + r.Call)
}

// storage makes the one that the request names, if it is not there.
func (d *driver) storage(r *request) *Storage {
	d.opening.Lock()
	defer d.opening.Unlock()
	storage, err := d.storages.find(r.Storage)
	if err != nil {
		storage = NewStorage(time.Duration(r.RetentionMs) * time.Millisecond)
		d.storages.put(r.Storage, storage)
	}
	return storage
}

func (d *driver) injectMalformed(r *request) (object, error) {
	storage, err := d.storages.find(r.Storage)
	if err != nil {
		return nil, err
	}
	return object{"possible": true, "sequenceNumber": fmt.Sprint(storage.AppendRaw(r.ActorID, r.Raw))}, nil
}

func main() {
	d := &driver{}
	input := bufio.NewReader(os.Stdin) // Not a bufio.Scanner, whose lines have a limit.
	for {
		line, err := input.ReadBytes('\n')
		if err == io.EOF {
			os.Exit(0) // Whatever is under way: the kit does not wait for it.
		}
		r := &request{}
		if err == nil {
			err = json.Unmarshal(line, r)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "no request:", err)
			os.Exit(1)
		}
		go d.serve(r)
	}
}
