"""What a user reads: one file a format. Everything here turns plain records into text; nothing decides anything."""
