// The store of driver.go: in memory, with the methods of the contract; its events may expire. It knows nothing of the
// driver protocol.

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"
	"unicode/utf8"
)

// Event is kept and handed out by value. Data stays the text that it came as.
type Event struct {
	ID        string            `json:"id"`
	EventType string            `json:"eventType"`
	ActorID   string            `json:"actorId"`
	CommandID string            `json:"commandId,omitempty"`
	Version   int64             `json:"version,string"`
	Data      string            `json:"data"`
	Metadata  map[string]string `json:"metadata,omitempty"`
	Timestamp string            `json:"timestamp"`
}

type Snapshot struct {
	ActorID   string `json:"actorId"`
	Version   int64  `json:"version,string"`
	State     string `json:"state"`
	Timestamp string `json:"timestamp"`
}

// ReplayError tells of a record that holds no event.
type ReplayError struct {
	SequenceNumber uint64 `json:"sequenceNumber,string"`
	RawData        []byte `json:"rawData"` // base64 in JSON
	Cause          string `json:"cause"`
}

// StoreError is an error of the contract. Its fields beyond the message depend on the code.
type StoreError struct {
	Code             string `json:"code"`
	Message          string `json:"message"`
	Field            string `json:"field,omitempty"`
	ActorID          string `json:"actorId,omitempty"`
	AttemptedVersion *int64 `json:"attemptedVersion,string,omitempty"`
	CurrentVersion   *int64 `json:"currentVersion,string,omitempty"`
}

func (e *StoreError) Error() string { return e.Message }

func requireText(field, text string) error {
	if text == "" {
		return &StoreError{Code: "invalid_event", Message: "invalid event: " + field + ": must not be empty", Field: field}
	}
	return nil
}

func validate(event Event) error {
	for _, check := range []struct{ field, text string }{
		{"id", event.ID}, {"eventType", event.EventType}, {"actorId", event.ActorID},
	} {
		if err := requireText(check.field, check.text); err != nil {
			return err
		}
	}
	return nil
}

// A record is kept as bytes, so that what callers hold and what is stored share no map.
type record struct {
	version int64 // 0 where it is not known
	savedAt time.Time
	raw     []byte
}

func encode(value any) []byte {
	raw, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return raw
}

func decode(raw []byte) (event Event, err error) {
	if !utf8.Valid(raw) { // encoding/json puts U+FFFD in the place of what is not.
		return event, errors.New("record: not UTF-8")
	}
	if err = json.Unmarshal(raw, &event); err == nil {
		err = validate(event) // What is missing is empty.
	}
	if err == nil && (event.Version < 1 || event.Data == "" || event.Timestamp == "") {
		err = errors.New("record: not whole")
	}
	return event, err
}

type stream struct {
	latest  int64 // stays when events expire
	records []record
}

// space is what one namespace of a storage holds.
type space struct {
	mutex         sync.Mutex
	retention     time.Duration // 0: for ever
	streams       map[string]*stream
	snapshots     map[string]Snapshot
	subscriptions map[*Subscription]bool
}

// append answers the place of the record in the stream. It is called with the mutex held.
func (s *space) append(actorID string, version int64, raw []byte) int {
	if s.streams[actorID] == nil {
		s.streams[actorID] = &stream{}
	}
	stream := s.streams[actorID]
	stream.records = append(stream.records, record{version, time.Now(), raw})
	if version > 0 {
		stream.latest = version
	}
	return len(stream.records)
}

// Storage is where several handles meet.
type Storage struct {
	mutex     sync.Mutex
	retention time.Duration
	spaces    map[string]*space
}

// NewStorage makes one whose events expire when they are older than retention, or never where that is 0.
func NewStorage(retention time.Duration) *Storage {
	return &Storage{retention: retention, spaces: map[string]*space{}}
}

// AppendRaw puts a record that holds no event at the end of the stream, and answers its place there.
func (s *Storage) AppendRaw(actorID string, raw []byte) int {
	space := s.space(nil)
	space.mutex.Lock()
	defer space.mutex.Unlock()
	return space.append(actorID, 0, append([]byte{}, raw...)) // Not nil, which is null in JSON.
}

// space answers that of no namespace where there is no name, which "" is not.
func (s *Storage) space(namespace *string) *space {
	key := "none"
	if namespace != nil {
		key = "namespace " + *namespace
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.spaces[key] == nil {
		s.spaces[key] = &space{
			retention:     s.retention,
			streams:       map[string]*stream{},
			snapshots:     map[string]Snapshot{},
			subscriptions: map[*Subscription]bool{},
		}
	}
	return s.spaces[key]
}

// Subscription calls back from a goroutine of its own, so that no save ever waits for a callback.
type Subscription struct {
	space    *space
	changed  *sync.Cond // with the lock of the space
	waiting  []Event
	ended    bool
	finished chan struct{}
}

func (s *Subscription) run(callback func(Event)) {
	defer close(s.finished)
	for {
		s.space.mutex.Lock()
		for len(s.waiting) == 0 && !s.ended {
			s.changed.Wait()
		}
		if s.ended {
			s.space.mutex.Unlock()
			return
		}
		event := s.waiting[0]
		s.waiting = s.waiting[1:]
		s.space.mutex.Unlock()
		callback(event)
	}
}

// End returns when the callback does not run; it is not called again.
func (s *Subscription) End() {
	s.space.mutex.Lock()
	s.ended = true
	delete(s.space.subscriptions, s)
	s.changed.Signal()
	s.space.mutex.Unlock()
	<-s.finished
}

// Store is a handle on one namespace of a storage. Its methods may be called from any goroutine.
type Store struct {
	space         *space
	closed        bool // guarded by the lock of the space, as what follows
	subscriptions []*Subscription
}

func Open(storage *Storage, namespace *string) *Store { return &Store{space: storage.space(namespace)} }

// lock answers with the lock of the space held, or an error.
func (s *Store) lock() error {
	s.space.mutex.Lock()
	if s.closed {
		s.space.mutex.Unlock()
		return &StoreError{Code: "closed", Message: "the handle is closed"}
	}
	return nil
}

func (s *Store) SaveEvent(event Event) error {
	raw := encode(event)
	if err := s.lock(); err != nil {
		return err
	}
	defer s.space.mutex.Unlock()
	if err := validate(event); err != nil {
		return err
	}
	if latest := s.latest(event.ActorID); event.Version <= latest {
		text := fmt.Sprintf("version conflict: actor %q has version %d, cannot save version %d", event.ActorID, latest,
			event.Version)
		return &StoreError{Code: "version_conflict", Message: text, ActorID: event.ActorID,
			AttemptedVersion: &event.Version, CurrentVersion: &latest}
	}
	s.space.append(event.ActorID, event.Version, raw)
	for subscription := range s.space.subscriptions {
		subscription.waiting = append(subscription.waiting, event)
		subscription.changed.Signal()
	}
	return nil
}

func (s *Store) GetEvents(actorID string, fromVersion int64) ([]Event, error) {
	events, _, err := s.GetEventsWithErrors(actorID, fromVersion)
	return events, err
}

func (s *Store) GetEventsWithErrors(actorID string, fromVersion int64) ([]Event, []ReplayError, error) {
	if err := s.lock(); err != nil {
		return nil, nil, err
	}
	var records []record // Those that are there never change, so that they are read without the lock.
	if stream := s.space.streams[actorID]; stream != nil {
		records = stream.records
	}
	now := time.Now()
	s.space.mutex.Unlock()

	events, replayErrors := []Event{}, []ReplayError{}
	for i, record := range records {
		expired := s.space.retention > 0 && now.Sub(record.savedAt) > s.space.retention
		// A malformed record has version 0: it is left out where only a part of the stream is asked for.
		if expired || (fromVersion > 1 && record.version < fromVersion) {
			continue
		}
		if event, err := decode(record.raw); err == nil {
			events = append(events, event)
		} else {
			replayErrors = append(replayErrors, ReplayError{uint64(i) + 1, record.raw, err.Error()})
		}
	}
	return events, replayErrors, nil
}

func (s *Store) latest(actorID string) int64 {
	if stream := s.space.streams[actorID]; stream != nil {
		return stream.latest
	}
	return 0
}

func (s *Store) GetLatestVersion(actorID string) (int64, error) {
	if err := s.lock(); err != nil {
		return 0, err
	}
	defer s.space.mutex.Unlock()
	return s.latest(actorID), nil
}

func (s *Store) SaveSnapshot(snapshot Snapshot) error {
	if err := s.lock(); err != nil {
		return err
	}
	defer s.space.mutex.Unlock()
	if err := requireText("actorId", snapshot.ActorID); err != nil {
		return err
	}
	if last, there := s.space.snapshots[snapshot.ActorID]; !there || snapshot.Version >= last.Version {
		s.space.snapshots[snapshot.ActorID] = snapshot
	}
	return nil
}

// GetLatestSnapshot answers nil where there is none.
func (s *Store) GetLatestSnapshot(actorID string) (*Snapshot, error) {
	if err := s.lock(); err != nil {
		return nil, err
	}
	defer s.space.mutex.Unlock()
	if snapshot, there := s.space.snapshots[actorID]; there {
		return &snapshot, nil
	}
	return nil, nil
}

func (s *Store) Subscribe(callback func(Event)) (*Subscription, error) {
	if err := s.lock(); err != nil {
		return nil, err
	}
	defer s.space.mutex.Unlock()
	subscription := &Subscription{space: s.space, changed: sync.NewCond(&s.space.mutex), finished: make(chan struct{})}
	s.space.subscriptions[subscription] = true
	s.subscriptions = append(s.subscriptions, subscription)
	go subscription.run(callback)
	return subscription, nil
}

func (s *Store) Close() {
	s.space.mutex.Lock()
	s.closed = true
	ending := s.subscriptions
	s.space.mutex.Unlock()
	for _, subscription := range ending {
		subscription.End()
	}
}
