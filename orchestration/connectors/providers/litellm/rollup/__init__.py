"""The gateway's log summed where it is (``mode: query``): one statement, run by the engine that holds the log."""
