"""The built-in rule pack: a folder a chapter, a file a rule."""
