"""One small function per kind of fact: it looks at the object and the books and says what changes. All of them are pure."""
