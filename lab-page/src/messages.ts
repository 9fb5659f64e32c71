// Made from src/glassnet/lab/schema.json by messages.mjs; do not edit.

export type Message = HelloMessage | StateMessage | FrameMessage | InputsMessage | PointsMessage | CurvesMessage | PanelsMessage | DoctorMessage | TraceMessage | LandscapeMessage | RbmMessage | NoticeMessage;

export type Command = PlayCommand | PauseCommand | StepCommand | ScrubCommand | ResetCommand | ConfigureCommand | LoadStateCommand | PaintCommand | EditCommand | PickCommand | FoldCommand | LandscapeCommand | DrawCommand | GibbsCommand | CodeCommand | WatchCommand | SpeedCommand;

/** An array of numbers. */
export type Numbers = { dtype: "f4" | "u1" | "i4"; shape: number[]; b64: string };

/** Bytes that stand for numbers: value = low[k] + (high[k] - low[k]) * byte / 255 for entry k of the first axis. Pictures and maps are in image order: row 0 is the top (largest second coordinate), column 0 the left. */
export type Quantised = { dtype: "u1"; shape: number[]; b64: string; low: number[]; high: number[] };

export type Choice = { value: string | number | boolean | null; label: string; hint?: string };

/** Every answer with a status of 400 and more. */
export type Refusal = { error: { code: "malformed" | "token" | "host" | "origin" | "not_found" | "method" | "busy" | "too_large" | "media_type" | "refused" | "engine_gone" | "engine_silent"; message: string; field: string | null } };

/** Answer of POST /api/command and /api/upload with status 200. */
export type Answer = { ok: true; result: Record<string, unknown> | null };

export type DataConfig = { source: "toy" | "painted" | "digits" | "file" | "given"; name: string; samples: number; noise: number; classes: number; seed: number; held_out: number; target: string | null; header: boolean };

/** A hidden layer. */
export type LayerConfig = { units: number; activation: "identity" | "logistic" | "tanh" | "relu" | "leaky_relu" | "elu" | "softplus" | "gelu"; dropout: number };

/** A weight to unit `unit` of layer `layer` (1 the first hidden one) from unit `source` of the layer before; source null: the bias. */
export type WeightConfig = { layer: number; unit: number; source: number | null; value: number };

export type NetworkConfig = { hidden: LayerConfig[]; loss: string; alpha: number; l1: number; optimiser: "sgd" | "gd" | "rmsprop" | "adagrad" | "adam" | "adamw"; learning_rate: number; momentum: number; batch_size: number; initialiser: string | null; seed: number; start: "drawn" | "trained"; edits: WeightConfig[] };

export type RbmConfig = { units: number; method: "pcd" | "cd"; k: number; learning_rate: number; batch_size: number; seed: number };

/** All that a lesson is; equal to the address's query. */
export type Config = { mode: "network" | "rbm"; data: DataConfig; inputs: string[]; network: NetworkConfig; rbm: RbmConfig; axes: string[] | null; resolution: number };

export type Input = { id: string; label: string; group: "column" | "square" | "product" | "sine" | "logarithm" | "category"; on: boolean; fixed: boolean };

/** starting: the training process starts; compiling: a first use of a kernel; ready: at epoch 0; paused; playing; stepping: inside an epoch, waiting; finished: the most epochs of a run are done; diverged; stopped: the training process ended, it restarts at the next command */
export type Status = "starting" | "compiling" | "ready" | "paused" | "playing" | "stepping" | "finished" | "diverged" | "stopped";

/** Where single steps stand. */
export type Cursor = { epoch: number; batch: number; batches: number; example: number | null; batch_rows: number; row: number | null; term: number | null; terms: number };

export type Term = { phase: "forward" | "loss" | "backward" | "update"; group: string; nodes: string[]; symbol: string; rule: string; numbers: string; value: number | null };

/** Mode rbm: layers has the hidden probabilities, prediction is [], reconstruction is there. */
export type DrawResult = { picture: Quantised; layers: { name: string; units: number; activations: Quantised }[]; prediction: (number | null)[]; answer: string; reconstruction: Quantised | null };

/** First message of every connection. */
export type HelloMessage = { kind: "hello"; seq: number; version: string; schema: 1; started: string; limits: { upload_bytes: number; command_bytes: number; rows: number; frames_per_second: number }; name: string };

/** Everything that is not a number of the training. Sent when it changes. */
export type StateMessage = { kind: "state"; seq: number; run: number; status: Status; told: string; config: Config; query: string; task: "binary" | "multiclass" | "regression" | "unlabelled"; classes: string[]; class_colours: number[]; target_name: string; rows: { train: number; held_out: number }; inputs: Input[]; input_names: string[]; columns: { id: string; label: string; low: number; high: number }[]; targets: string[]; picture: { height: number; width: number; channels: number } | null; sizes: number[]; outputs: string[]; link: string; parameters: number; folds: { first: number; count: number; of: number }[]; unit_kind: ("map" | "picture" | "histogram")[]; cursor: Cursor; recorded: { first: number; last: number; count: number; shown: number | null }; picked: { row: number; by: "user" | "step" } | null; can: string[]; choices: { toy: Choice[]; activation: Choice[]; loss: Choice[]; optimiser: Choice[]; initialiser: Choice[]; method: Choice[] }; stages: ({ kind: "fit" | "edit"; epochs: number; told: string })[] };

/** The fast message: at most 30 a second, the newest wins. While paused, one is sent after every change. */
export type FrameMessage = { kind: "frame"; seq: number; run: number; epoch: number; batch: number; live: boolean; loss: number | null; val_loss: number | null; score: number | null; val_score: number | null; score_name: "accuracy" | "R²"; learning_rate: number | null; seconds: number; epochs_per_second: number | null; layers: ({ W: Numbers | null; b: Numbers; largest: number; picture_largest?: number | null })[]; units: ({ kind: "map" | "picture" | "histogram"; data: Quantised; range: number[][] })[] | null; surface: { kind: "probability" | "classes" | "number" | "curve"; data: Quantised } | null };

/** Maps of the inputs over the plane, sent when data, inputs or axes change. unit maps of frames have the same window; the decision surface too. */
export type InputsMessage = { kind: "inputs"; seq: number; run: number; window: number[] | null; maps: Quantised | null; means: number[] };

/** Rows to draw, at most 10,000. Sent when data or axes change. */
export type PointsMessage = { kind: "points"; seq: number; run: number; rows: number; xy: Numbers | null; row: Numbers; y: Numbers; held_out: Numbers; thumbnails: Quantised | null; y_range: number[] };

/** The whole course, thinned to at most 600 points (the newest always there). At most 10 a second. */
export type CurvesMessage = { kind: "curves"; seq: number; run: number; epoch: Numbers; loss: Numbers; val_loss: Numbers; gradient_norms: Numbers; update_ratios: Numbers; stages: number[]; rbm: { reconstruction_error: Numbers; free_energy: Numbers; val_free_energy: Numbers; pseudo_likelihood: Numbers; hidden_activity: Numbers } | null };

/** Slower pictures of the network: at most 4 a second, and after every step. */
export type PanelsMessage = { kind: "panels"; seq: number; run: number; epoch: number; confusion: { train: Numbers; held_out: Numbers | null } | null; residuals: { truth: Numbers; predicted: Numbers; held_out: Numbers } | null; weights: { edges: number[]; counts: number[] }[]; activations: { edges: number[]; counts: number[] }[]; gradient_norms: (number | null)[]; update_ratios: (number | null)[] };

/** What the doctor says; when training pauses, and every few seconds while it runs. */
export type DoctorMessage = { kind: "doctor"; seq: number; run: number; epoch: number; findings: ({ name: string; severity: "problem" | "hint"; sentence: string; action: string })[]; lacking: string };

/** The example that is picked, or that single steps stand at: every number of its way forward and back through the network as it is, by the engine's trace. */
export type TraceMessage = { kind: "trace"; seq: number; run: number; epoch: number; batch: number; row: number; name: string; inputs: { first: number; of: number; names: string[]; x: (number | null)[]; dx: (number | null)[] }; picture: Quantised | null; layers: ({ number: number; name: string; activation: string; first: number; of: number; units: string[]; z: (number | null)[]; a: (number | null)[]; slope: (number | null)[]; da: (number | null)[]; dz: (number | null)[]; W: ((number | null)[])[] | null; dW: ((number | null)[])[] | null; b: (number | null)[]; db: (number | null)[]; new_W: ((number | null)[])[] | null; new_b: (number | null)[] })[]; loss: { name: string; value: number | null; formula: string; numbers: string }; truth: string; answer: string; prediction: (number | null)[]; target: (number | null)[]; terms: Term[]; shown: number; total: number; update: string };

/** The error surface, after the command landscape. */
export type LandscapeMessage = { kind: "landscape"; seq: number; run: number; epoch: number; names: string[]; told: string; s: Numbers; t: Numbers; losses: Numbers; path: Numbers; path_epochs: Numbers; path_losses: Numbers; rows: number };

/** Mode rbm: takes the place of frame's maps; at most 15 a second. */
export type RbmMessage = { kind: "rbm"; seq: number; run: number; epoch: number; filters: Quantised; units: number; originals: Quantised; reconstructions: Quantised; hidden: Quantised; chain: { sweeps: number; visible: Quantised; hidden: Quantised; running: boolean } | null; measures: { reconstruction_error: number | null; free_energy: number | null; val_free_energy: number | null; pseudo_likelihood: number | null; hidden_activity: number | null; weight_norm: number | null } };

/** To be shown to the user. Not conflated; the last 20 wait for a page that was away for a moment. */
export type NoticeMessage = { kind: "notice"; seq: number; level: "info" | "warning" | "error"; text: string };

/** Train on, from the newest state. */
export type PlayCommand = { command: "play" };

/** Stop after the batches that are under way. */
export type PauseCommand = { command: "pause" };

/** One step; pauses first if it plays. term: reveal the next term of the current example's arithmetic, and go to the next example after the last one. example: the next example of the batch; after the last the batch's update is made. batch: the update of the pending batch. epoch: to the end of the epoch. */
export type StepCommand = { command: "step"; what: "term" | "example" | "batch" | "epoch"; times?: number };

/** Show the network of an earlier epoch. Pauses. result: {epoch}. */
export type ScrubCommand = { command: "scrub"; epoch: number | null };

/** Back to epoch 0, with the same configuration. */
export type ResetCommand = { command: "reset"; seed?: number };

/** Change the lesson. Learning rate, optimiser, momentum, penalties, batch size and dropout: training goes on from where it is, as a new stage. Layers, activations, loss, initialiser, seed, inputs, data, mode: the run begins anew. axes, resolution: only what is drawn. */
export type ConfigureCommand = { command: "configure"; config: Record<string, unknown> };

/** Take a whole lesson from an address. */
export type LoadStateCommand = { command: "load_state"; query: string };

/** Points by hand; the data's source becomes painted. The run begins anew; it goes on playing if it played. */
export type PaintCommand = { command: "paint"; add?: number[][]; remove?: { x: number; y: number; radius: number } | null; clear?: boolean; keep?: boolean };

/** Set one weight or bias by hand. Pauses; an epoch that has begun is finished first. result: {value} as stored. */
export type EditCommand = { command: "edit"; layer: number; unit: number; source: number | null; value: number };

/** The example whose trace is sent after every pause and step. */
export type PickCommand = { command: "pick"; row: number | null };

/** Move the window of units that are shown. */
export type FoldCommand = { command: "fold"; layer: number; first: number };

/** Ask for the error surface; a message landscape follows. Pauses. */
export type LandscapeCommand = { command: "landscape"; directions?: "path" | "random"; weights?: string[]; resolution?: number };

/** How the network answers a picture that was drawn. result: DrawResult. Does not pause. */
export type DrawCommand = { command: "draw"; pixels: Numbers; centre?: boolean };

/** Mode rbm: run a Gibbs chain, sent in rbm.chain. */
export type GibbsCommand = { command: "gibbs"; action: "start" | "stop" | "step" | "clear"; begin?: "noise" | "examples" | "drawing" };

/** The Python that does what is on the screen. result: {code, exact, told}: exact is true where it gives the same weights; told says what it lacks. */
export type CodeCommand = { command: "code" };

/** What the page shows now: the rest is not computed while playing. At the start: everything. */
export type WatchCommand = { command: "watch"; panels: ("surface" | "units" | "curves" | "panels" | "doctor" | "points")[] };

/** Slow motion. */
export type SpeedCommand = { command: "speed"; epochs_per_second: number | null };
