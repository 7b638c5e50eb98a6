"""One module per command group; each offers `app`. They read the settings, call one flow or adapter, and print."""
