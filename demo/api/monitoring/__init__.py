"""The backend's reports on itself: true by default, false with the faults lying and lying-pharos."""
