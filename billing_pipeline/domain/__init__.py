"""The rules of billing: pure functions over frozen records. Standard library only, no clock, no I/O."""
