"""What every test may rely on."""

import signal

# A run started in the background inherits ignored signals; the tests that send them to children need the usual handling.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
