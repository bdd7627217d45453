"""A rollout as its senders see it: pods behind a balancer, restarted in turn under load."""
