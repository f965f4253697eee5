import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import zmq.Ctx;
import zmq.Msg;
import zmq.SocketBase;
import zmq.ZError;
import zmq.ZMQ;

/**
 * JeroMQ sockets by remote control.
 *
 * <p>Standard input carries requests, standard output the answers. Each is one line of JSON,
 * followed by the octets of the frames whose sizes its "frames" lists. The process ends when
 * standard input does.
 */
public final class Peer {
    private static final List<String> KINDS = List.of(
            "PAIR", "PUB", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "PUSH", "XPUB", "XSUB");

    private static final Map<String, Integer> OPTIONS = Map.of(
            "ROUTING_ID", ZMQ.ZMQ_IDENTITY, "SUBSCRIBE", ZMQ.ZMQ_SUBSCRIBE, "UNSUBSCRIBE", ZMQ.ZMQ_UNSUBSCRIBE,
            "SNDHWM", ZMQ.ZMQ_SNDHWM, "RCVHWM", ZMQ.ZMQ_RCVHWM, "ROUTER_HANDOVER", ZMQ.ZMQ_ROUTER_HANDOVER,
            "XPUB_VERBOSE", ZMQ.ZMQ_XPUB_VERBOSE, "XPUB_VERBOSER", ZMQ.ZMQ_XPUB_VERBOSE_UNSUBSCRIBE);

    private static final Map<Integer, String> ERRORS = Map.of(
            ZError.EINVAL, "EINVAL", ZError.EADDRINUSE, "EADDRINUSE", ZError.EHOSTUNREACH, "EHOSTUNREACH",
            ZError.EFSM, "EFSM", ZError.ENOTSUP, "ENOTSUP", ZError.EPROTONOSUPPORT, "EPROTONOSUPPORT");

    private static final int FIRST_PORT = 49152, PORTS = 65536 - FIRST_PORT;

    private final Ctx context = ZMQ.init(1);
    private final Map<String, SocketBase> sockets = new HashMap<>();
    private int port; // the next to try, behind the first

    /** What an operation did not do, with the name of the error. */
    private static final class Refused extends Exception {
        Refused(String name) {
            super(name);
        }
    }

    /** What an operation says, beside its frames. */
    private static final class Answer {
        final Map<String, String> words = new HashMap<>();
        final List<byte[]> frames = new ArrayList<>();
        boolean late;
    }

    private static void check(boolean done, SocketBase s) throws Refused {
        if (!done) {
            throw new Refused(ERRORS.getOrDefault(s.errno(), "error " + s.errno()));
        }
    }

    private static void set(SocketBase s, String name, Object value) throws Refused {
        Integer option = OPTIONS.get(name);
        if (option == null) {
            throw new Refused("EINVAL");
        }
        if (name.equals("XPUB_VERBOSER")) { // the option is about cancellations alone
            set(s, "XPUB_VERBOSE", value);
        }
        try {
            s.setSocketOpt(option, value instanceof List<?> l ? octets(l) : value);
        } catch (IllegalArgumentException e) {
            throw new Refused("EINVAL");
        }
    }

    private static byte[] octets(List<?> numbers) {
        byte[] b = new byte[numbers.size()];
        for (int i = 0; i < b.length; i++) {
            b[i] = ((Integer) numbers.get(i)).byteValue();
        }
        return b;
    }

    private void open(Map<?, ?> args) throws Refused {
        SocketBase s = ZMQ.socket(context, KINDS.indexOf(args.get("kind")));
        s.setSocketOpt(ZMQ.ZMQ_LINGER, 0);
        try {
            for (Object o : (List<?>) args.get("options")) {
                Map<?, ?> option = (Map<?, ?>) o;
                set(s, (String) option.get("name"), option.get("value"));
            }
        } catch (Refused e) {
            ZMQ.close(s);
            throw e;
        }
        sockets.put((String) args.get("name"), s);
    }

    /** Binds; of a port that is left open, JeroMQ cannot tell which it became. */
    private String bind(SocketBase s, String endpoint) throws Refused {
        if (!endpoint.endsWith(":*")) {
            check(ZMQ.bind(s, endpoint), s);
            return endpoint;
        }
        String resolved;
        do {
            resolved = endpoint.substring(0, endpoint.length() - 1) + (FIRST_PORT + port++ % PORTS);
        } while (!ZMQ.bind(s, resolved));
        return resolved;
    }

    /** Sends or receives one message; tells if the time was up instead. */
    private static void move(SocketBase s, boolean sending, int milliseconds, List<byte[]> frames, Answer a) throws Refused {
        if (sending) {
            s.setSocketOpt(ZMQ.ZMQ_SNDTIMEO, milliseconds);
            for (int i = 0; i < frames.size(); i++) {
                int flags = i < frames.size() - 1 ? ZMQ.ZMQ_SNDMORE : 0;
                if (!s.send(new Msg(frames.get(i)), flags)) {
                    a.late = s.errno() == ZError.EAGAIN;
                    check(a.late, s);
                    return;
                }
            }
            return;
        }
        s.setSocketOpt(ZMQ.ZMQ_RCVTIMEO, milliseconds);
        Msg m;
        do {
            m = s.recv(0);
            if (m == null) {
                a.late = s.errno() == ZError.EAGAIN;
                check(a.late, s);
                return;
            }
            a.frames.add(m.data());
        } while (m.hasMore());
    }

    /**
     * Sends multipart messages until the process ends. Every frame is the number of its message, then
     * its own number, then filler.
     */
    private static void stream(SocketBase s, int parts, int size) {
        s.setSocketOpt(ZMQ.ZMQ_SNDTIMEO, -1);
        for (int number = 0; ; number++) {
            for (int i = 0; i < parts; i++) {
                byte[] head = String.format("%08d %04d ", number, i).getBytes(StandardCharsets.US_ASCII);
                s.send(new Msg(Arrays.copyOf(head, head.length + size)), i < parts - 1 ? ZMQ.ZMQ_SNDMORE : 0);
            }
        }
    }

    private Answer serve(String op, Map<?, ?> args, List<byte[]> frames) throws Refused, IOException {
        Answer a = new Answer();
        SocketBase s = sockets.get(args.get("name"));
        switch (op) {
            case "versions" -> {
                Properties p = new Properties();
                p.load(ZMQ.class.getResourceAsStream("/META-INF/maven/org.zeromq/jeromq/pom.properties"));
                a.words.put("library", "JeroMQ " + p.getProperty("version"));
                a.words.put("runtime", "Java " + System.getProperty("java.version"));
            }
            case "socket" -> open(args);
            case "setsockopt" -> set(s, (String) args.get("option"), args.get("to"));
            case "bind" -> a.words.put("endpoint", bind(s, (String) args.get("endpoint")));
            case "connect" -> check(ZMQ.connect(s, (String) args.get("endpoint")), s);
            case "close" -> {
                if (s != null) { // it was not given away
                    ZMQ.close(s);
                    sockets.remove(args.get("name"));
                }
            }
            case "proxy" -> {
                SocketBase front = sockets.remove(args.get("front")), back = sockets.remove(args.get("back"));
                Thread proxy = new Thread(() -> ZMQ.proxy(front, back, null));
                proxy.setDaemon(true);
                proxy.start();
            }
            case "stream" -> {
                sockets.remove(args.get("name"));
                int parts = (Integer) args.get("parts"), size = (Integer) args.get("size");
                Thread stream = new Thread(() -> stream(s, parts, size));
                stream.setDaemon(true);
                stream.start();
            }
            case "wait" -> move(s, (Boolean) args.get("sending"), (Integer) args.get("milliseconds"), frames, a);
            default -> throw new IOException("no operation " + op);
        }
        return a;
    }

    /**
     * Lets the sockets do what JeroMQ's threads ask of them, such as tell a new publisher what they
     * have subscribed to: it does that only when the application calls it.
     */
    private void attend() {
        sockets.values().forEach(s -> s.getSocketOpt(ZMQ.ZMQ_EVENTS));
    }

    /** A request with its frames. The last one has nothing in it. */
    private record Request(Map<?, ?> head, List<byte[]> frames) {}

    public static void main(String[] none) throws IOException, InterruptedException {
        BlockingQueue<Request> requests = new LinkedBlockingQueue<>();
        Thread reader = new Thread(() -> read(new BufferedInputStream(System.in), requests));
        reader.setDaemon(true);
        reader.start();
        OutputStream out = new BufferedOutputStream(System.out);
        Peer peer = new Peer();
        while (true) {
            Request r = requests.poll(1, TimeUnit.MILLISECONDS);
            if (r == null) {
                peer.attend();
                continue;
            }
            if (r.head == null) {
                Runtime.getRuntime().halt(0); // a socket given away would hold up an orderly end
            }
            Answer a;
            try {
                a = peer.serve((String) r.head.get("op"), r.head.get("args") instanceof Map<?, ?> m ? m : Map.of(), r.frames);
            } catch (Refused e) {
                a = new Answer();
                a.words.put("error", e.getMessage());
            }
            write(out, a);
        }
    }

    private static void read(InputStream in, BlockingQueue<Request> to) {
        try {
            for (String line; (line = readLine(in)) != null; ) {
                Map<?, ?> head = (Map<?, ?>) new Json(line).value();
                List<byte[]> frames = new ArrayList<>();
                if (head.get("frames") instanceof List<?> sizes) {
                    for (Object n : sizes) {
                        frames.add(in.readNBytes((Integer) n));
                    }
                }
                to.add(new Request(head, frames));
            }
        } catch (IOException e) {
            e.printStackTrace();
        } finally {
            to.add(new Request(null, null));
        }
    }

    private static String readLine(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b; (b = in.read()) != '\n'; line.write(b)) {
            if (b < 0) {
                return null;
            }
        }
        return line.toString(StandardCharsets.UTF_8);
    }

    private static void write(OutputStream out, Answer a) throws IOException {
        StringBuilder head = new StringBuilder("{\"late\":" + a.late);
        a.words.forEach((k, v) -> head.append(",\"" + k + "\":\"" + v + "\""));
        List<String> sizes = new ArrayList<>();
        a.frames.forEach(f -> sizes.add(String.valueOf(f.length)));
        head.append(",\"frames\":[" + String.join(",", sizes) + "]}\n");
        out.write(head.toString().getBytes(StandardCharsets.UTF_8));
        for (byte[] f : a.frames) {
            out.write(f);
        }
        out.flush();
    }

    /** Reads JSON as the requests have it: whole numbers only. */
    private static final class Json {
        private final String text;
        private int at;

        Json(String text) {
            this.text = text;
        }

        Object value() {
            switch (text.charAt(at)) {
                case '{' -> {
                    Map<String, Object> m = new HashMap<>();
                    while (next() != '}') {
                        String key = string();
                        at++; // the colon
                        m.put(key, value());
                    }
                    at++;
                    return m;
                }
                case '[' -> {
                    List<Object> l = new ArrayList<>();
                    while (next() != ']') {
                        l.add(value());
                    }
                    at++;
                    return l;
                }
                case '"' -> {
                    return string();
                }
                default -> {
                    return word();
                }
            }
        }

        /** Goes behind what opens or separates, unless what follows closes. */
        private char next() {
            char c = text.charAt(at);
            if (c == ']' || c == '}') {
                return c;
            }
            return text.charAt(++at);
        }

        private String string() {
            StringBuilder s = new StringBuilder();
            for (at++; text.charAt(at) != '"'; at++) {
                char c = text.charAt(at);
                if (c == '\\' && text.charAt(++at) == 'u') {
                    c = (char) Integer.parseInt(text.substring(at + 1, at + 5), 16);
                    at += 4;
                } else if (c == '\\') {
                    c = text.charAt(at); // of these only quotes and backslashes come
                }
                s.append(c);
            }
            at++;
            return s.toString();
        }

        private Object word() {
            int from = at;
            while (at < text.length() && ",]}".indexOf(text.charAt(at)) < 0) {
                at++;
            }
            String w = text.substring(from, at);
            return switch (w) {
                case "true" -> true;
                case "false" -> false;
                case "null" -> null;
                default -> Integer.valueOf(w);
            };
        }
    }
}
