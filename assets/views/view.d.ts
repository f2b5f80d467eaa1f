/** What gradio hands a view: see `mount` of every view. */
export interface View {
  /** The element in which the view's template stands. */
  element: HTMLElement;
  /** What Python gave the view; `value` is its newest value. */
  props: Record<string, any>;
  /** Calls back when Python has changed a property. */
  watch(property: string | string[], changed: () => void): void;
  /** Tells Python that something happened. */
  trigger(event: string, data?: unknown): void;
  /** The view's functions in Python. */
  server: Record<string, (...given: any[]) => Promise<any>>;
}
