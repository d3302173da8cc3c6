// What the Worker with a clock and the process that moves it have to agree on.

export const CLOCK_PATH = '/clock-of-the-test'
