"""When runs happen and who is told: the job, its schedule, the sensors."""
