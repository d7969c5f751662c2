"""What the backend says about itself: honest by default, wrong on command."""
