package abi

import (
	"bytes"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

var (
	blockRE = regexp.MustCompile(`(?ms)^(message|enum) (\w+) \{\n(.*?)^\}`)
	fieldRE = regexp.MustCompile(`(?m)^  (repeated )?(\w+) (\w+) = (\d+);$`)
	valueRE = regexp.MustCompile(`(?m)^  (\w+) = (\d+);$`)
)

// schema reads ../seks.proto, as far as it goes: one file of flat messages and
// enums.
func schema(t *testing.T) protoreflect.FileDescriptor {
	text, err := os.ReadFile("../seks.proto")
	if err != nil {
		t.Fatal(err)
	}
	blocks := blockRE.FindAllStringSubmatch(string(text), -1)
	enums := map[string]bool{}
	for _, b := range blocks {
		enums[b[2]] = b[1] == "enum"
	}
	file := &descriptorpb.FileDescriptorProto{Name: proto.String("seks.proto"), Package: proto.String("seks.v1"), Syntax: proto.String("proto3")}
	for _, b := range blocks {
		if b[1] == "enum" {
			e := &descriptorpb.EnumDescriptorProto{Name: &b[2]}
			for _, v := range valueRE.FindAllStringSubmatch(b[3], -1) {
				e.Value = append(e.Value, &descriptorpb.EnumValueDescriptorProto{Name: &v[1], Number: number(v[2])})
			}
			file.EnumType = append(file.EnumType, e)
			continue
		}
		m := &descriptorpb.DescriptorProto{Name: &b[2]}
		lines := fieldRE.FindAllStringSubmatch(b[3], -1)
		if len(lines) != strings.Count(b[3], "\n") {
			t.Errorf("message %s has a line that is no field", b[2])
		}
		for _, f := range lines {
			m.Field = append(m.Field, field(f, enums))
		}
		file.MessageType = append(file.MessageType, m)
	}
	d, err := protodesc.NewFile(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func number(s string) *int32 {
	n, _ := strconv.Atoi(s) // the pattern lets only digits through
	return proto.Int32(int32(n))
}

func field(f []string, enums map[string]bool) *descriptorpb.FieldDescriptorProto {
	label := descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL
	if f[1] != "" {
		label = descriptorpb.FieldDescriptorProto_LABEL_REPEATED
	}
	d := &descriptorpb.FieldDescriptorProto{Name: &f[3], Number: number(f[4]), Label: &label}
	switch f[2] {
	case "string":
		d.Type = descriptorpb.FieldDescriptorProto_TYPE_STRING.Enum()
	case "bytes":
		d.Type = descriptorpb.FieldDescriptorProto_TYPE_BYTES.Enum()
	case "uint64":
		d.Type = descriptorpb.FieldDescriptorProto_TYPE_UINT64.Enum()
	case "bool":
		d.Type = descriptorpb.FieldDescriptorProto_TYPE_BOOL.Enum()
	default:
		d.Type = descriptorpb.FieldDescriptorProto_TYPE_MESSAGE.Enum()
		if enums[f[2]] {
			d.Type = descriptorpb.FieldDescriptorProto_TYPE_ENUM.Enum()
		}
		d.TypeName = proto.String(".seks.v1." + f[2])
	}
	return d
}

var goKinds = map[protoreflect.Kind][]reflect.Kind{
	protoreflect.StringKind:  {reflect.String},
	protoreflect.BytesKind:   {reflect.String, reflect.Slice},
	protoreflect.Uint64Kind:  {reflect.Uint64},
	protoreflect.EnumKind:    {reflect.Uint64},
	protoreflect.BoolKind:    {reflect.Bool},
	protoreflect.MessageKind: {reflect.Struct, reflect.Pointer},
}

// A Go struct has the schema's fields in the order of their numbers.
func TestTypesMatchSchema(t *testing.T) {
	file := schema(t)
	seen := map[reflect.Type]bool{}
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		for typ.Kind() == reflect.Slice || typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || seen[typ] {
			return
		}
		seen[typ] = true
		m := file.Messages().ByName(protoreflect.Name(typ.Name()))
		if m == nil || m.Fields().Len() != typ.NumField() {
			t.Errorf("%s is not in the schema, or with another number of fields", typ.Name())
			return
		}
		for i := range typ.NumField() {
			g, p := typ.Field(i), m.Fields().Get(i)
			kind := g.Type.Kind()
			if p.IsList() {
				kind = g.Type.Elem().Kind()
			}
			if int(p.Number()) != i+1 || !strings.EqualFold(strings.ReplaceAll(string(p.Name()), "_", ""), g.Name) {
				t.Errorf("%s.%s is %s = %d in the schema", typ.Name(), g.Name, p.Name(), p.Number())
			}
			if !slices.Contains(goKinds[p.Kind()], kind) {
				t.Errorf("%s.%s is a %s, and a %s in the schema", typ.Name(), g.Name, kind, p.Kind())
			}
			walk(g.Type)
		}
	}
	for _, empty := range topLevel {
		walk(reflect.TypeOf(empty()))
	}
	if len(seen) != file.Messages().Len() {
		t.Errorf("the schema has %d messages, the Go twin %d", file.Messages().Len(), len(seen))
	}
}

// Google's own library reads each canonical vector with the schema, and writes
// the same bytes back.
func TestProtobufLibraryAgrees(t *testing.T) {
	file := schema(t)
	for _, v := range vectors() {
		if v.value == nil {
			continue
		}
		m := dynamicpb.NewMessage(file.Messages().ByName(protoreflect.Name(v.message)))
		if err := proto.Unmarshal(v.bytes(), m); err != nil {
			t.Errorf("%s: %v", v.name, err)
			continue
		}
		if unknown := m.GetUnknown(); len(unknown) > 0 {
			t.Errorf("%s: % x is not in the schema", v.name, unknown)
		}
		b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
		if err != nil || !bytes.Equal(b, v.bytes()) {
			t.Errorf("%s: the library writes % x (%v), we % x", v.name, b, err, v.bytes())
		}
	}
}
