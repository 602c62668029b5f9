"""Probes that write down what is known of every case."""
