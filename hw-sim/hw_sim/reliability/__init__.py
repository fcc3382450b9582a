"""What breaks on purpose: SIGKILL, full disks, lost acknowledgements, and the count of what was lost or came twice."""
