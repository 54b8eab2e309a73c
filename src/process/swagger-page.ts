/** The parts of React, a component's properties and Immutable.js that are used here. */
interface Page {
  React: {
    createElement: (type: unknown, properties: object, ...children: unknown[]) => unknown;
    useState: <T>(first: T) => [T, (next: T) => void];
  };
}

interface Parameters {
  parameters: Iterable<{ get: (name: string) => unknown }>;
}

/**
 * A plugin of Swagger UI: the body of a request comes first, its optional headers are behind a button. It runs in the page, so it
 * uses nothing else of this file.
 */
export function foldHeaders(): object {
  return {
    wrapComponents: {
      parameters: (original: unknown, { React }: Page) =>
        function Parameters(properties: Parameters): unknown {
          const [isOpen, setOpen] = React.useState(false);
          const { createElement } = React;
          const parameters = [...properties.parameters];
          const whole = createElement(original, properties);
          if (parameters.length === 0 || parameters.some((each) => each.get('in') !== 'header')) return whole;
          const toggle = createElement(
            'button',
            {
              type: 'button',
              className: 'btn headers-toggle',
              'aria-expanded': isOpen,
              onClick: () => setOpen(!isOpen),
            },
            `${isOpen ? 'Hide' : 'Show'} the optional headers (${parameters.length})`,
          );
          return createElement('div', { className: isOpen ? 'headers' : 'headers headers-folded' }, whole, toggle);
        },
    },
  };
}

export const PAGE_CSS = `
.headers > .opblock-section { display: flex; flex-direction: column; }
.headers .opblock-section-request-body { order: 1; }
.headers .parameters-container { order: 2; }
.headers-folded .parameters-container { display: none; }
.headers-toggle { margin: 10px 20px; font-weight: normal; }
.dark-mode .headers-toggle, .dark-mode .examples-select__section-label { color: inherit; }
/* The body's field "stream" chooses between JSON and events, and no header: the list shows an example of each. */
.response-control-media-type__accept-message { display: none; }
`;
