"""The journal in the forms that other books take."""
