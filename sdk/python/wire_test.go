//go:build sdks

package python_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/lessee-run/lessee/abi/grpcabi"
)

// The SDK writes the messages by hand: what it believes of them must be so.
func TestPython_KnowsTheMessagesOfTheProto(t *testing.T) {
	out, err := command(t, "-c", "import json; from lessee.wire import MESSAGES; print(json.dumps(MESSAGES))").Output()
	if err != nil {
		t.Fatal(err)
	}
	var believed map[string]map[string][2]any
	if err := json.Unmarshal(out, &believed); err != nil {
		t.Fatal(err)
	}
	messages := grpcabi.File_lessee_proto.Messages()
	for i := range messages.Len() {
		m := messages.Get(i)
		want := map[string][2]any{}
		for i := range m.Fields().Len() {
			f := m.Fields().Get(i)
			want[string(f.Name())] = [2]any{float64(f.Number()), kind(f)}
		}
		if got := believed[string(m.Name())]; !maps.Equal(got, want) {
			t.Errorf("%s: it believes %v, the .proto says %v", m.Name(), got, want)
		}
	}
}

// kind is that of wire.py.
func kind(f protoreflect.FieldDescriptor) string {
	switch f.Kind() {
	case protoreflect.Uint32Kind, protoreflect.Uint64Kind, protoreflect.EnumKind:
		return "uint"
	case protoreflect.Int64Kind:
		return "int"
	case protoreflect.StringKind:
		return "text"
	case protoreflect.BytesKind:
		return "bytes"
	case protoreflect.MessageKind:
		return string(f.Message().Name())
	}
	return fmt.Sprintf("%s, which wire.py has not", f.Kind())
}
