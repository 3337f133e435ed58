"""History replayed without look-ahead: gates, margin breakers and budget frameworks, landed as streams ``replay/*``."""
