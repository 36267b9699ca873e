import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.wire.message.MongoMessage;
import java.util.Set;
import org.h2.mvstore.MVStore;

// mongo-java-server on loopback. Arguments: the port, the file that keeps the data.
public class Launcher {
    // Commits a write before it is answered, so that a killed process loses nothing it answered. Writes pass one at a time: a commit
    // in the middle of another write would keep a half of it.
    static class DurableBackend extends H2Backend {
        private static final Set<String> READS = Set.of("find", "getMore", "aggregate", "count", "ping", "isMaster", "hello", "listIndexes");

        DurableBackend(MVStore store) {
            super(store);
        }

        @Override
        public Document handleMessage(MongoMessage message) {
            String command = message.getDocument().keySet().iterator().next();
            if (READS.contains(command)) {
                return super.handleMessage(message);
            }
            synchronized (this) {
                Document reply = super.handleMessage(message);
                commit();
                return reply;
            }
        }
    }

    public static void main(String[] arguments) throws Exception {
        MVStore store = new MVStore.Builder().fileName(arguments[1]).autoCommitDisabled().open();
        MongoServer server = new MongoServer(new DurableBackend(store));
        server.bind("127.0.0.1", Integer.parseInt(arguments[0]));
        Runtime.getRuntime().addShutdownHook(new Thread(server::shutdownNow));
    }
}
