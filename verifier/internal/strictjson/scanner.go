package strictjson

import "strings"

// A scanner moves over JSON text that is known to be UTF-8 and checks its grammar (RFC 8259 sections 2 to 7). It is
// recursive, as deep as its limits allow.
type scanner struct {
	data       string
	pos        int
	limits     Limits
	everyDepth bool // names differ in inner objects, too
	nested     bool // there is an inner object with several members

	// members is a stack: the members or elements of the outermost container, and on top of them those of the inner
	// objects that are open, if everyDepth.
	members []member
}

// outermost moves past a value and returns its members or elements, if it is a container.
func (s *scanner) outermost() ([]member, error) {
	// There are no more members than commas and one, so this is all the memory that a short object takes.
	s.members = make([]member, 0, min(strings.Count(s.data, ",")+1, few))
	err := s.value(0)
	return s.members, err
}

// value moves past a value that is inside depth containers.
func (s *scanner) value(depth int) error {
	switch {
	case s.at('{'), s.at('['):
		return s.container(depth + 1)
	case s.at('"'):
		_, err := s.text()
		return err
	case s.take("true"), s.take("false"), s.take("null"):
		return nil
	default:
		return s.number()
	}
}

// container moves past an object or array (RFC 8259 sections 4 and 5), itself the depth-th inside one another.
func (s *scanner) container(depth int) error {
	if depth > s.limits.Depth {
		return ErrDepth
	}
	isObject, closing := s.at('{'), byte(']')
	if isObject {
		closing = '}'
	}
	collect := depth == 1 || isObject && s.everyDepth
	base := len(s.members)

	s.pos++
	s.skipSpace()
	for count := 0; !s.takeByte(closing); count++ {
		if count > 0 {
			if !s.takeByte(',') {
				return ErrSyntax
			}
			s.skipSpace()
			s.nested = s.nested || isObject && depth > 1
		}
		if count >= s.limits.Members {
			return ErrMembers
		}
		var m member
		if isObject {
			var err error
			if m.name, err = s.name(collect); err != nil {
				return err
			}
		}
		start := s.pos
		if err := s.value(depth); err != nil {
			return err
		}
		if collect {
			m.value = Value{s.data[start:s.pos]}
			s.members = append(s.members, m)
		}
		s.skipSpace()
	}
	if isObject && collect && repeat(s.members[base:]) {
		return ErrDuplicate
	}
	if depth > 1 {
		s.members = s.members[:base]
	}
	return nil
}

// name moves past the name of a member and up to its value. It returns the name decoded, if that is asked for.
func (s *scanner) name(decode bool) (string, error) {
	if !s.at('"') {
		return "", ErrSyntax
	}
	start := s.pos
	escaped, err := s.text()
	if err != nil {
		return "", err
	}
	name := s.data[start+1 : s.pos-1]
	s.skipSpace()
	if !s.takeByte(':') {
		return "", ErrSyntax
	}
	s.skipSpace()
	if escaped && decode {
		return unescape(name)
	}
	return name, nil
}

// plain are the bytes of a string that stand for themselves.
var plain = func() (bytes [256]bool) {
	for c := range bytes {
		bytes[c] = c >= ' ' && c != '"' && c != '\\'
	}
	return bytes
}()

// text moves past a string (RFC 8259 section 7) and reports whether it has escapes.
func (s *scanner) text() (escaped bool, err error) {
	data := s.data
	for i := s.pos + 1; i < len(data); i++ {
		c := data[i]
		if plain[c] {
			continue
		}
		if c == '"' {
			s.pos = i + 1
			return escaped, nil
		}
		if c != '\\' {
			return false, ErrSyntax
		}
		_, size, err := character(data[i:])
		if err != nil {
			return false, err
		}
		escaped = true
		i += size - 1
	}
	return false, ErrSyntax
}

// number moves past a number (RFC 8259 section 6).
func (s *scanner) number() error {
	s.takeByte('-')
	if !s.takeByte('0') && !s.takeDigits() {
		return ErrSyntax
	}
	if s.takeByte('.') && !s.takeDigits() {
		return ErrSyntax
	}
	if s.takeByte('e') || s.takeByte('E') {
		if !s.takeByte('+') {
			s.takeByte('-')
		}
		if !s.takeDigits() {
			return ErrSyntax
		}
	}
	return nil
}

func (s *scanner) skipSpace() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

func (s *scanner) at(c byte) bool {
	return s.pos < len(s.data) && s.data[s.pos] == c
}

func (s *scanner) takeByte(c byte) bool {
	if !s.at(c) {
		return false
	}
	s.pos++
	return true
}

func (s *scanner) take(literal string) bool {
	if !strings.HasPrefix(s.data[s.pos:], literal) {
		return false
	}
	s.pos += len(literal)
	return true
}

func (s *scanner) takeDigits() bool {
	start := s.pos
	for s.pos < len(s.data) && '0' <= s.data[s.pos] && s.data[s.pos] <= '9' {
		s.pos++
	}
	return s.pos > start
}
